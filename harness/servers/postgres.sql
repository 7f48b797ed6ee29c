\set QUIET on
\pset tuples_only on
\pset null ''
\pset format unaligned
SET default_transaction_read_only = on;
SET statement_timeout = '5s';
SET lock_timeout = '2s';
SET search_path = pg_catalog;
\echo ::: schema
WITH own AS (
    SELECT oid, nspname FROM pg_namespace
    WHERE nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema'
), member AS (SELECT classid, objid FROM pg_depend WHERE deptype = 'e'
), relation AS (
    SELECT c.*, CASE WHEN n.nspname = 'public' THEN '' ELSE quote_ident(n.nspname) || '.' END || quote_ident(c.relname) AS name
    FROM pg_class c JOIN own n ON n.oid = c.relnamespace
    WHERE c.relpersistence <> 't' AND NOT EXISTS (SELECT FROM member WHERE classid = 'pg_class'::regclass AND objid = c.oid)
), thing(key, value) AS (
    SELECT 'schema ' || nspname, (SELECT concat_ws(', ', 'owner ' || pg_get_userbyid(n.nspowner), 'rights ' || n.nspacl::text)
        FROM pg_namespace n WHERE n.oid = own.oid) FROM own
    UNION ALL SELECT 'extension ' || extname, concat_ws(', ', extversion, 'in ' || extnamespace::regnamespace) FROM pg_extension
    UNION ALL
    SELECT 'database ' || datname, concat_ws(', ', 'owner ' || pg_get_userbyid(datdba), 'rights ' || datacl::text,
        CASE WHEN NOT datallowconn THEN 'takes no connections' END, CASE WHEN datconnlimit >= 0 THEN 'at most ' || datconnlimit || ' connections' END)
    FROM pg_database WHERE NOT datistemplate
    UNION ALL
    SELECT CASE relkind WHEN 'v' THEN 'view ' WHEN 'm' THEN 'materialised view ' WHEN 'f' THEN 'foreign table ' ELSE 'table ' END
        || name, concat_ws(', ', 'owner ' || pg_get_userbyid(relowner), 'rights ' || relacl::text, 'options ' || reloptions::text,
        CASE WHEN relpersistence = 'u' THEN 'unlogged' END, CASE WHEN relrowsecurity THEN 'row security' END,
        CASE WHEN relforcerowsecurity THEN 'forced' END,
        CASE relreplident WHEN 'f' THEN 'replica identity full' WHEN 'n' THEN 'no replica identity' WHEN 'i' THEN 'replica identity an index' END,
        CASE WHEN relkind = 'p' THEN 'partition by ' || pg_get_partkeydef(oid) END,
        (SELECT 'of ' || string_agg(inhparent::regclass::text, ' and ' ORDER BY inhseqno) FROM pg_inherits WHERE inhrelid = oid),
        pg_get_expr(relpartbound, oid), CASE WHEN relkind = 'm' AND NOT relispopulated THEN 'not populated' END,
        CASE WHEN relkind IN ('v', 'm') THEN 'definition ' || md5(pg_get_viewdef(oid)) END)
    FROM relation WHERE relkind IN ('r', 'p', 'v', 'm', 'f')
    UNION ALL
    SELECT 'column ' || r.name || '.' || quote_ident(a.attname), concat_ws(' ', format_type(a.atttypid, a.atttypmod),
        CASE WHEN a.attnotnull THEN 'not null' END,
        CASE WHEN d.oid IS NOT NULL THEN CASE WHEN a.attgenerated <> '' THEN 'generated ' ELSE 'default ' END
            || pg_get_expr(d.adbin, d.adrelid) END,
        CASE a.attidentity WHEN 'a' THEN 'identity always' WHEN 'd' THEN 'identity' END, 'rights ' || a.attacl::text,
        -- The options that PostgreSQL documents: what else stands there is a server's own bookkeeping.
        'options ' || (SELECT string_agg(one, ', ' ORDER BY one) FROM unnest(a.attoptions) AS one WHERE one LIKE 'n\_distinct%'),
        CASE WHEN a.attcollation <> t.typcollation THEN 'collation ' || (SELECT collname FROM pg_collation l WHERE l.oid = a.attcollation) END,
        CASE WHEN a.attstorage <> t.typstorage THEN 'storage ' || a.attstorage::text END,
        CASE WHEN a.attstattarget >= 0 THEN 'statistics ' || a.attstattarget END)
    FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE r.relkind IN ('r', 'p', 'f')
    UNION ALL
    SELECT 'index ' || r.name, pg_get_indexdef(r.oid) || CASE WHEN i.indisvalid THEN '' ELSE ' (not valid)' END
    FROM relation r JOIN pg_index i ON i.indexrelid = r.oid
    UNION ALL
    SELECT 'constraint ' || r.name || '.' || quote_ident(c.conname),
        pg_get_constraintdef(c.oid) || CASE WHEN c.convalidated THEN '' ELSE ' (not validated)' END
    FROM pg_constraint c JOIN relation r ON r.oid = c.conrelid
    UNION ALL
    SELECT 'sequence ' || r.name, concat_ws(', ', format('%s from %s to %s by %s', format_type(s.seqtypid, NULL), s.seqmin, s.seqmax,
        s.seqincrement), CASE WHEN s.seqcycle THEN 'in a circle' END, CASE WHEN s.seqstart <> s.seqmin THEN 'starts at ' || s.seqstart END,
        CASE WHEN s.seqcache <> 1 THEN s.seqcache || ' at a time' END, 'owner ' || pg_get_userbyid(r.relowner), 'rights ' || r.relacl::text,
        (SELECT format('of %s.%s', d.refobjid::regclass, a.attname) FROM pg_depend d
         JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
         WHERE d.classid = 'pg_class'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')))
    FROM pg_sequence s JOIN relation r ON r.oid = s.seqrelid
    UNION ALL
    SELECT 'trigger ' || r.name || '.' || quote_ident(t.tgname),
        pg_get_triggerdef(t.oid) || CASE t.tgenabled WHEN 'D' THEN ' (disabled)' WHEN 'R' THEN ' (on a replica)' WHEN 'A' THEN ' (always)' ELSE '' END
    FROM pg_trigger t JOIN relation r ON r.oid = t.tgrelid WHERE NOT t.tgisinternal
    UNION ALL
    -- What keeps a constraint is a trigger of the system's own; one that is switched off keeps nothing.
    SELECT 'constraint triggers ' || r.name, count(*) || ' (disabled)'
    FROM pg_trigger t JOIN relation r ON r.oid = t.tgrelid WHERE t.tgisinternal AND t.tgenabled = 'D' GROUP BY r.name
    UNION ALL
    SELECT 'rule ' || r.name || '.' || quote_ident(w.rulename),
        pg_get_ruledef(w.oid) || CASE w.ev_enabled WHEN 'D' THEN ' (disabled)' WHEN 'R' THEN ' (on a replica)' WHEN 'A' THEN ' (always)' ELSE '' END
    FROM pg_rewrite w JOIN relation r ON r.oid = w.ev_class WHERE w.rulename <> '_RETURN'
    UNION ALL
    SELECT 'event trigger ' || quote_ident(evtname), concat_ws(' ', evtevent, 'calls', evtfoid::regprocedure,
        'for ' || evttags::text, CASE evtenabled WHEN 'D' THEN '(disabled)' WHEN 'R' THEN '(on a replica)' WHEN 'A' THEN '(always)' END)
    FROM pg_event_trigger e WHERE NOT EXISTS (SELECT FROM member WHERE classid = 'pg_event_trigger'::regclass AND objid = e.oid)
    UNION ALL
    SELECT format('default rights of %s on %s%s', pg_get_userbyid(defaclrole),
        CASE defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types' WHEN 'n' THEN 'schemas'
            ELSE defaclobjtype::text END, ' in ' || nullif(defaclnamespace, 0)::regnamespace), defaclacl::text
    FROM pg_default_acl
    UNION ALL
    SELECT 'publication ' || quote_ident(p.pubname), concat_ws(', ', 'owner ' || pg_get_userbyid(p.pubowner),
        CASE WHEN p.pubinsert THEN 'insert' END, CASE WHEN p.pubupdate THEN 'update' END, CASE WHEN p.pubdelete THEN 'delete' END,
        CASE WHEN p.pubtruncate THEN 'truncate' END, CASE WHEN p.puballtables THEN 'all tables' ELSE
        (SELECT 'of ' || string_agg(prrelid::regclass::text, ' and ' ORDER BY prrelid::regclass::text) FROM pg_publication_rel WHERE prpubid = p.oid) END)
    FROM pg_publication p
    UNION ALL
    SELECT 'subscription ' || quote_ident(subname), concat_ws(', ', CASE WHEN subenabled THEN 'enabled' ELSE 'disabled' END,
        'slot ' || subslotname, 'of ' || subpublications::text)
    FROM pg_subscription WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    UNION ALL
    SELECT 'replication slot ' || quote_ident(slot_name), concat_ws(', ', slot_type, plugin) FROM pg_replication_slots WHERE NOT temporary
    UNION ALL
    SELECT 'prepared transaction ' || gid, 'of ' || owner FROM pg_prepared_xacts
    WHERE database = current_database() AND prepared < now() - interval '10 s'
    UNION ALL
    SELECT 'statistics ' || r.name || '.' || quote_ident(s.stxname), pg_get_statisticsobjdef(s.oid) || coalesce(' target ' || nullif(to_jsonb(s) ->> 'stxstattarget', '-1'), '')
    FROM pg_statistic_ext s JOIN relation r ON r.oid = s.stxrelid
    UNION ALL
    SELECT 'cast ' || castsource::regtype || ' to ' || casttarget::regtype, concat_ws(' ', castcontext::text, nullif(castfunc, 0)::regprocedure)
    FROM pg_cast c WHERE oid >= 16384 AND NOT EXISTS (SELECT FROM member WHERE classid = 'pg_cast'::regclass AND objid = c.oid)
    UNION ALL
    SELECT 'foreign server ' || quote_ident(srvname), concat_ws(', ', 'owner ' || pg_get_userbyid(srvowner), 'rights ' || srvacl::text,
        'options ' || md5(srvoptions::text)) FROM pg_foreign_server
    UNION ALL
    SELECT 'policy ' || r.name || '.' || quote_ident(p.polname), concat_ws(' ', p.polcmd::text, pg_get_expr(p.polqual, p.polrelid),
        'check ' || pg_get_expr(p.polwithcheck, p.polrelid), CASE WHEN NOT p.polpermissive THEN 'restrictive' END,
        'for ' || nullif(p.polroles, '{0}')::regrole[]::text)
    FROM pg_policy p JOIN relation r ON r.oid = p.polrelid
    UNION ALL
    SELECT 'function ' || CASE WHEN n.nspname = 'public' THEN '' ELSE n.nspname || '.' END || p.proname
        || '(' || pg_get_function_identity_arguments(p.oid) || ')',
        concat_ws(', ', 'definition ' || md5(CASE WHEN p.prokind IN ('f', 'p', 'w') THEN pg_get_functiondef(p.oid)
            ELSE (SELECT concat_ws(' ', p.prosrc, a.aggtransfn, a.aggfinalfn, a.agginitval) FROM pg_aggregate a WHERE a.aggfnoid = p.oid) END),
        'owner ' || pg_get_userbyid(p.proowner), 'rights ' || p.proacl::text)
    FROM pg_proc p JOIN own n ON n.oid = p.pronamespace
    WHERE NOT EXISTS (SELECT FROM member WHERE classid = 'pg_proc'::regclass AND objid = p.oid)
    UNION ALL
    SELECT 'type ' || format_type(t.oid, NULL), CASE t.typtype
        WHEN 'e' THEN (SELECT string_agg(enumlabel, ', ' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid)
        ELSE concat_ws(' ', 'domain over', format_type(t.typbasetype, t.typtypmod), CASE WHEN t.typnotnull THEN 'not null' END,
            'default ' || t.typdefault, (SELECT string_agg(pg_get_constraintdef(c.oid), ' ' ORDER BY c.conname) FROM pg_constraint c WHERE c.contypid = t.oid)) END
    FROM pg_type t JOIN own n ON n.oid = t.typnamespace
    WHERE t.typtype IN ('e', 'd') AND NOT EXISTS (SELECT FROM member WHERE classid = 'pg_type'::regclass AND objid = t.oid)
)
SELECT coalesce(json_object_agg(key, value ORDER BY key), '{}') FROM thing;
\echo ::: positions
-- The sequence of a column, against what is in the column: one that is behind makes an insert fail that was good before.
-- It is asked only where an index has the maximum, or the table is small.
SELECT format('SELECT json_build_object(%L, CASE WHEN p.last_value - CASE WHEN p.is_called THEN 0 ELSE %s END < (SELECT max(%I) FROM %s) THEN %L ELSE %L END) FROM %s AS p',
    'position of sequence ' || CASE WHEN n.nspname = 'public' THEN '' ELSE quote_ident(n.nspname) || '.' END || quote_ident(c.relname),
    s.seqincrement, a.attname, d.refobjid::regclass, format('behind what is in %s.%s', d.refobjid::regclass, a.attname), 'not behind its column', c.oid::regclass)
FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE s.seqincrement > 0 AND NOT s.seqcycle AND c.relpersistence <> 't'
    AND has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(d.refobjid, 'SELECT')
    AND (pg_table_size(d.refobjid) < 8 * 1024 * 1024 OR EXISTS (SELECT FROM pg_index i WHERE i.indrelid = d.refobjid AND i.indkey[0] = a.attnum AND i.indisvalid AND i.indpred IS NULL))
ORDER BY c.oid LIMIT 200
\gexec
\echo ::: roles
SELECT json_object_agg(rolname, concat_ws(', ', CASE WHEN rolsuper THEN 'superuser' END, CASE WHEN rolcanlogin THEN 'login' END,
    CASE WHEN rolcreatedb THEN 'creates databases' END, CASE WHEN rolcreaterole THEN 'creates roles' END,
    CASE WHEN rolreplication THEN 'replication' END, CASE WHEN rolbypassrls THEN 'bypasses row security' END,
    CASE WHEN rolconnlimit >= 0 THEN 'at most ' || rolconnlimit || ' connections' END,
    'until ' || rolvaliduntil::text,
    (SELECT 'member of ' || string_agg(pg_get_userbyid(m.roleid), ' and ' ORDER BY m.roleid) FROM pg_auth_members m
     WHERE m.member = r.oid)) ORDER BY rolname)
FROM pg_roles r WHERE rolname NOT LIKE 'pg\_%';
\echo ::: settings
SELECT coalesce(json_object_agg(key, value ORDER BY key), '{}') FROM (
    SELECT name, setting FROM pg_settings
    WHERE source NOT IN ('default', 'override', 'client', 'session', 'interactive', 'test') AND setting IS DISTINCT FROM boot_val
    UNION ALL
    SELECT format('%s of %s', split_part(one, '=', 1), concat_ws(' in ', CASE WHEN setrole <> 0 THEN 'role ' || pg_get_userbyid(setrole) END,
        (SELECT 'database ' || datname FROM pg_database d WHERE d.oid = setdatabase))), substr(one, strpos(one, '=') + 1)
    FROM pg_db_role_setting, unnest(setconfig) AS one
) AS found(key, value);
\echo ::: pending
SELECT CASE WHEN has_function_privilege('pg_show_all_file_settings()', 'execute') THEN
    $$SELECT coalesce(json_object_agg(name, setting ORDER BY name), '{}') FROM
        (SELECT DISTINCT ON (name) * FROM pg_file_settings ORDER BY name, seqno DESC) AS last
        WHERE NOT applied OR sourcefile LIKE '%postgresql.auto.conf'$$
    ELSE 'SELECT ''{}''' END
\gexec
\echo ::: migrations
