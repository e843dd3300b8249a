-- ServingNodes
select node, build
from holdfast.incarnation
where state in ('live', 'draining') and lease_until > clock_timestamp()
order by incarnation_id
