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
    SELECT 'schema ' || nspname, '' FROM own
    UNION ALL SELECT 'extension ' || extname, extversion FROM pg_extension
    UNION ALL
    SELECT CASE relkind WHEN 'v' THEN 'view ' WHEN 'm' THEN 'materialised view ' WHEN 'f' THEN 'foreign table ' ELSE 'table ' END
        || name, concat_ws(', ', 'owner ' || pg_get_userbyid(relowner), 'rights ' || relacl::text, 'options ' || reloptions::text,
        CASE WHEN relpersistence = 'u' THEN 'unlogged' END, CASE WHEN relrowsecurity THEN 'row security' END,
        CASE WHEN relkind IN ('v', 'm') THEN 'definition ' || md5(pg_get_viewdef(oid)) END)
    FROM relation WHERE relkind IN ('r', 'p', 'v', 'm', 'f')
    UNION ALL
    SELECT 'column ' || r.name || '.' || quote_ident(a.attname), concat_ws(' ', format_type(a.atttypid, a.atttypmod),
        CASE WHEN a.attnotnull THEN 'not null' END,
        CASE WHEN d.oid IS NOT NULL THEN CASE WHEN a.attgenerated <> '' THEN 'generated ' ELSE 'default ' END
            || pg_get_expr(d.adbin, d.adrelid) END,
        CASE a.attidentity WHEN 'a' THEN 'identity always' WHEN 'd' THEN 'identity' END)
    FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE r.relkind IN ('r', 'p', 'f')
    UNION ALL
    SELECT 'index ' || r.name, pg_get_indexdef(r.oid) || CASE WHEN i.indisvalid THEN '' ELSE ' (not valid)' END
    FROM relation r JOIN pg_index i ON i.indexrelid = r.oid
    UNION ALL
    SELECT 'constraint ' || r.name || '.' || quote_ident(c.conname),
        pg_get_constraintdef(c.oid) || CASE WHEN c.convalidated THEN '' ELSE ' (not validated)' END
    FROM pg_constraint c JOIN relation r ON r.oid = c.conrelid
    UNION ALL
    SELECT 'sequence ' || r.name, format('%s from %s to %s by %s%s', format_type(s.seqtypid, NULL), s.seqmin, s.seqmax,
        s.seqincrement, CASE WHEN s.seqcycle THEN ', in a circle' ELSE '' END)
    FROM pg_sequence s JOIN relation r ON r.oid = s.seqrelid
    UNION ALL
    SELECT 'trigger ' || r.name || '.' || quote_ident(t.tgname),
        pg_get_triggerdef(t.oid) || CASE WHEN t.tgenabled = 'D' THEN ' (disabled)' ELSE '' END
    FROM pg_trigger t JOIN relation r ON r.oid = t.tgrelid WHERE NOT t.tgisinternal
    UNION ALL
    SELECT 'policy ' || r.name || '.' || quote_ident(p.polname), p.polcmd::text || ' ' || coalesce(pg_get_expr(p.polqual, p.polrelid), '')
    FROM pg_policy p JOIN relation r ON r.oid = p.polrelid
    UNION ALL
    SELECT 'function ' || CASE WHEN n.nspname = 'public' THEN '' ELSE n.nspname || '.' END || p.proname
        || '(' || pg_get_function_identity_arguments(p.oid) || ')',
        'definition ' || md5(CASE WHEN p.prokind IN ('f', 'p') THEN pg_get_functiondef(p.oid) ELSE p.prosrc END)
    FROM pg_proc p JOIN own n ON n.oid = p.pronamespace
    WHERE NOT EXISTS (SELECT FROM member WHERE classid = 'pg_proc'::regclass AND objid = p.oid)
    UNION ALL
    SELECT 'type ' || format_type(t.oid, NULL), CASE t.typtype
        WHEN 'e' THEN (SELECT string_agg(enumlabel, ', ' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid)
        ELSE 'domain over ' || format_type(t.typbasetype, t.typtypmod) END
    FROM pg_type t JOIN own n ON n.oid = t.typnamespace
    WHERE t.typtype IN ('e', 'd') AND NOT EXISTS (SELECT FROM member WHERE classid = 'pg_type'::regclass AND objid = t.oid)
)
SELECT coalesce(json_object_agg(key, value ORDER BY key), '{}') FROM thing;
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
