-- One statement for each table, after one that says how many there are. Words in braces are put in before it is sent.
WITH found AS (
    SELECT c.oid, CASE WHEN n.nspname = 'public' THEN '' ELSE quote_ident(n.nspname) || '.' END || quote_ident(c.relname) AS name,
        pg_table_size(c.oid) AS size,
        (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_index i
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey::int2[])
         WHERE i.indrelid = c.oid AND i.indisprimary) AS key
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
        AND c.relname <> ALL (ARRAY[{known}]::text[])
        AND c.oid <> ALL (ARRAY(SELECT to_regclass(one)::oid FROM unnest(ARRAY[{whole}]::text[]) AS one WHERE to_regclass(one) IS NOT NULL))
        AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e')
), sized AS (
    SELECT *, sum(size) OVER (ORDER BY size, name) AS total, row_number() OVER (ORDER BY size, name) AS number FROM found
), chosen AS (
    SELECT *, CASE WHEN NOT has_table_privilege(oid, 'SELECT') THEN 'may not be read' WHEN number > {most} THEN 'one too many'
        WHEN size <= {each} AND total <= {together} THEN 'whole' WHEN key IS NOT NULL THEN 'first'
        ELSE 'large, without a primary key' END AS how
    FROM sized
)
SELECT format('SELECT json_build_object(%L, %s)', 'tables', count(*)) FROM chosen
UNION ALL
SELECT CASE WHEN how NOT IN ('whole', 'first') THEN format('SELECT json_build_object(%L, %L, %L, %L)', 'table', name, 'left', how)
    ELSE format('SELECT json_build_object(%L, %L, %L, %L, %L, count(*), %L, %L::json, %L, ARRAY[%s]::text[]) FROM (SELECT %s AS "harness key", * FROM %s%s) AS t%s',
        'table', name, 'how', how, 'rows', 'columns', coalesce(c.names, '[]'), 'hashes', c.hashes, coalesce(format('row(%s)::text', key), ''''''),
        chosen.oid::regclass, CASE how WHEN 'first' THEN format(' ORDER BY %s LIMIT {first}', key) END,
        ' WHERE NOT (' || nullif(c.own, '') || ')') END
FROM chosen CROSS JOIN LATERAL (
    SELECT json_agg(a.attname ORDER BY a.attnum)::text AS names, string_agg(format(
        'to_hex(mod(coalesce(sum(hashtextextended("harness key" || chr(31) || coalesce(%I::text, chr(30)), 0)), 0), 9223372036854775807)::bigint)',
        a.attname), ', ' ORDER BY a.attnum) AS hashes,
        string_agg(format('coalesce(%I::text ~ %L, false)', a.attname, {own}), ' OR ' ORDER BY a.attnum)
            FILTER (WHERE {own} <> '' AND (t.typcategory = 'S' OR t.typname IN ('json', 'jsonb'))) AS own
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    WHERE a.attrelid = chosen.oid AND a.attnum > 0 AND NOT a.attisdropped
) AS c
\gexec
