/// The query behind ``CatalogFingerprint``. `$1` are the names of the schemas.
///
/// `pg_get_…def` write names without their schema when the search path finds them; the runner's path is `pg_catalog`
/// alone, so all names come out in full. Roles appear by name, but the owner of a thing as "owner": the database to
/// compare with may belong to another role.
enum CatalogQuery {
    static let text = """
        with schema as materialized (
            select oid, nspname, nspowner, nspacl from pg_namespace where nspname = any ($1)
        ),
        -- Relations, without what extensions brought and without partitions that come and go.
        relation as materialized (
            select c.oid, c.relname, c.relkind, c.relpersistence, c.relowner, c.relacl, c.reloptions, c.relrowsecurity,
                   c.relforcerowsecurity, c.relreplident, c.relispartition, s.nspname, s.nspowner,
                   s.nspname || '.' || c.relname as name
            from pg_class c
            join schema s on s.oid = c.relnamespace
            where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f')
              and not (c.relispartition and exists (
                  select from pg_partition_ancestors(c.oid) as a join pg_partitioned_table t on t.partrelid = a.relid
                  where a.relid <> c.oid and t.partstrat in ('r', 'l')))
              and not exists (
                  select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
        ),
        acl as (
            select 'schema ' || nspname as object, nspowner as owner, nspacl as acl from schema
            union all
            select 'relation ' || name, relowner, relacl from relation
            union all
            select 'column ' || r.name || '.' || a.attname, r.relowner, a.attacl
            from relation r join pg_attribute a on a.attrelid = r.oid
            where a.attnum > 0 and not a.attisdropped
            union all
            select 'routine ' || s.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',
                   p.proowner, p.proacl
            from pg_proc p join schema s on s.oid = p.pronamespace
            union all
            select 'type ' || s.nspname || '.' || t.typname, t.typowner, t.typacl
            from pg_type t join schema s on s.oid = t.typnamespace
        )
        select 'schema ' || nspname as object, 'schema' as definition from schema

        union all
        select case r.relkind when 'v' then 'view ' when 'm' then 'materialized view ' when 'S' then 'sequence '
                              when 'f' then 'foreign table ' else 'table ' end || r.name,
               concat_ws(' ',
                   case r.relpersistence when 'u' then 'unlogged' when 't' then 'temporary' end,
                   case when r.relowner <> r.nspowner then 'owner ' || r.relowner::regrole end,
                   case r.relkind
                       when 'v' then pg_get_viewdef(r.oid)
                       when 'm' then pg_get_viewdef(r.oid)
                       when 'p' then 'partition by ' || pg_get_partkeydef(r.oid)
                       when 'S' then (select format('as %s start %s increment %s min %s max %s cache %s%s',
                                                    seqtypid::regtype, seqstart, seqincrement, seqmin, seqmax, seqcache,
                                                    case when seqcycle then ' cycle' end)
                                      from pg_sequence where seqrelid = r.oid)
                       else 'plain' end,
                   case when r.relispartition
                        then 'partition for ' || (select pg_get_expr(relpartbound, oid) from pg_class where oid = r.oid) end,
                   'with ' || array_to_string((select array_agg(o order by o) from unnest(r.reloptions) as o), ', '),
                   case when r.relrowsecurity then 'row security on' end,
                   case when r.relforcerowsecurity then 'row security forced' end,
                   case when r.relreplident <> 'd' and r.relkind in ('r', 'p') then 'replica identity ' || r.relreplident::text end)
        from relation r

        union all
        select 'column ' || r.name || '.' || a.attname,
               concat_ws(' ',
                   format_type(a.atttypid, a.atttypmod),
                   case when a.attcollation <> t.typcollation then 'collate ' || a.attcollation::regcollation end,
                   case when a.attnotnull then 'not null' end,
                   case a.attidentity when 'a' then 'identity always' when 'd' then 'identity by default' end,
                   case when a.attgenerated = 's' then 'generated' when d.oid is not null then 'default' end,
                   pg_get_expr(d.adbin, d.adrelid),
                   case when a.attstorage <> t.typstorage then 'storage ' || a.attstorage::text end,
                   case when a.attcompression <> '' then 'compression ' || a.attcompression::text end,
                   case when coalesce(a.attstattarget, -1) <> -1 then 'statistics ' || a.attstattarget end)
        from relation r
        join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
        join pg_type t on t.oid = a.atttypid
        left join pg_attrdef d on d.adrelid = r.oid and d.adnum = a.attnum
        -- A view's definition says its columns.
        where r.relkind in ('r', 'p', 'f')

        union all
        select 'constraint ' || r.name || '.' || c.conname,
               pg_get_constraintdef(c.oid) || case when c.convalidated then '' else ' (not validated)' end
        from relation r
        join pg_constraint c on c.conrelid = r.oid
        -- The copies that a foreign key makes for each partition come and go with it.
        where c.conparentid = 0

        union all
        select 'index ' || r.nspname || '.' || x.relname,
               pg_get_indexdef(x.oid)
               || case when i.indisvalid then '' else ' (invalid)' end
               || case when i.indisclustered then ' (clustered)' else '' end
               || case when i.indisreplident then ' (replica identity)' else '' end
        from relation r
        join pg_index i on i.indrelid = r.oid
        join pg_class x on x.oid = i.indexrelid

        union all
        select 'trigger ' || r.name || '.' || g.tgname,
               pg_get_triggerdef(g.oid) || case g.tgenabled when 'O' then '' else ' (enabled ' || g.tgenabled::text || ')' end
        from relation r
        join pg_trigger g on g.tgrelid = r.oid
        where not g.tgisinternal and g.tgparentid = 0

        union all
        select 'policy ' || r.name || '.' || p.polname,
               concat_ws(' ',
                   case when p.polpermissive then 'permissive' else 'restrictive' end,
                   'for ' || p.polcmd::text,
                   'to ' || array_to_string(array(
                       select case m when 0 then 'public' else m::regrole::text end
                       from unnest(p.polroles) as m order by 1), ', '),
                   'using (' || pg_get_expr(p.polqual, p.polrelid) || ')',
                   'check (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')')
        from relation r
        join pg_policy p on p.polrelid = r.oid

        union all
        select 'rule ' || r.name || '.' || w.rulename, pg_get_ruledef(w.oid)
        from relation r
        join pg_rewrite w on w.ev_class = r.oid
        where w.rulename <> '_RETURN'

        union all
        select case p.prokind when 'p' then 'procedure ' when 'a' then 'aggregate ' else 'function ' end
               || s.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',
               case when p.prokind = 'a' then 'aggregate' else pg_get_functiondef(p.oid) end
        from pg_proc p
        join schema s on s.oid = p.pronamespace
        where not exists (
            select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')

        union all
        select 'type ' || s.nspname || '.' || t.typname,
               case t.typtype
                   when 'e' then 'enum (' || (select string_agg(quote_literal(e.enumlabel), ', ' order by e.enumsortorder)
                                              from pg_enum e where e.enumtypid = t.oid) || ')'
                   when 'd' then concat_ws(' ', 'domain over', format_type(t.typbasetype, t.typtypmod),
                                           case when t.typnotnull then 'not null' end, 'default ' || t.typdefault,
                                           (select string_agg(pg_get_constraintdef(c.oid), ' ' order by c.conname)
                                            from pg_constraint c where c.contypid = t.oid))
                   when 'r' then 'range over ' || (select g.rngsubtype::regtype from pg_range g where g.rngtypid = t.oid)
                   else 'composite (' || (select string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', '
                                                            order by a.attnum)
                                          from pg_attribute a
                                          where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped) || ')'
               end
        from pg_type t
        join schema s on s.oid = t.typnamespace
        where (t.typtype in ('e', 'd', 'r')
               or t.typtype = 'c' and exists (select from pg_class c where c.oid = t.typrelid and c.relkind = 'c'))
          and not exists (
            select from pg_depend d where d.classid = 'pg_type'::regclass and d.objid = t.oid and d.deptype = 'e')

        union all
        select 'grant on ' || a.object || ' to ' || g.grantee,
               string_agg(g.privilege || case when g.grantable then ' with grant option' else '' end, ', '
                          order by g.privilege)
        from acl a
        cross join lateral (
            select case when x.grantee = 0 then 'public' else x.grantee::regrole::text end as grantee,
                   x.privilege_type as privilege, x.is_grantable as grantable
            from aclexplode(a.acl) as x
            where x.grantee <> a.owner
        ) as g
        group by 1

        union all
        -- An owner whose own rights were taken away, or public rights taken from a routine, show only here.
        select 'default rights on ' || a.object, 'replaced by grants'
        from acl a
        where a.acl is not null and a.object like 'routine %'
        """
}
