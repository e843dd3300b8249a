-- HasEngine: whether the tables of nodes and runs are there
select to_regclass('holdfast.incarnation') is not null and to_regclass('holdfast.run') is not null as found
