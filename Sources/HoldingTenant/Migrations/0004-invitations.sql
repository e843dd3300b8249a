-- Invitations end.
-- holdfast: phase expand

-- When the last invitation ended without being accepted; null while it is good, and once it was accepted.
alter table holding.customer add column invitation_ended_at timestamptz;

-- holdfast: down

alter table holding.customer drop column invitation_ended_at;
