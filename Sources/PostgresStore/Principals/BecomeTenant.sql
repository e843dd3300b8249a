-- BecomeTenant
--   $1 caller, $2 partner, $3 reporter, $4 serial, $5 customer; '' where the caller is bound to none
-- First statement of a transaction for a tenant; all of it ends with the transaction.
select set_config('holdfast.caller', $1, true),
       set_config('holdfast.partner', $2, true),
       set_config('holdfast.reporter', $3, true),
       set_config('holdfast.serial', $4, true),
       set_config('holdfast.customer', $5, true),
       set_config('role', 'holdfast_tenant', true);
