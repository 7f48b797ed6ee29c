-- One statement for each table, after one that says how many there are; then one for each table that has columns whose values
-- can be counted. Words in braces are put in before it is sent.
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
), described AS (
    SELECT chosen.*, c.*, CASE how WHEN 'first' THEN format(' ORDER BY %s LIMIT {first}', key) END AS part,
        ' WHERE NOT (' || nullif(c.own, '') || ')' AS others,
        (SELECT string_agg(format(', %L, (%s)', v.attname, v.asked), '' ORDER BY v.attnum) FROM (
            SELECT a.attname, a.attnum, CASE WHEN t.typcategory = 'N' THEN format(
                'SELECT json_build_object(%2$L, min(abs(%1$I::float8)) FILTER (WHERE %1$I <> 0), %3$L, max(abs(%1$I::float8)), %4$L,
                 (SELECT json_object_agg(m, c) FROM (SELECT floor(log(abs(%1$I::float8)))::int AS m, count(*) AS c FROM t
                  WHERE abs(%1$I::float8) BETWEEN 1e-12 AND 1e18 GROUP BY 1) AS g),
                 %5$L, sum(%1$I::float8)) FROM t WHERE abs(%1$I::float8) BETWEEN 0 AND 1e18', a.attname, 'low', 'high', 'magnitudes', 'sum')
                WHEN t.typcategory = 'D' THEN format(
                'SELECT json_build_object(%2$L, json_object_agg(m, c) FILTER (WHERE NOT ahead), %3$L, json_object_agg(m, c) FILTER (WHERE ahead))
                 FROM (SELECT age <= -1 AS ahead, floor(log(greatest(abs(age), 1)))::int AS m, count(*) AS c FROM
                 (SELECT extract(epoch FROM now() - %1$I::timestamptz)::float8 AS age FROM t WHERE isfinite(%1$I)) AS a GROUP BY 1, 2) AS g',
                a.attname, 'ages', 'ahead')
                ELSE format('SELECT json_object_agg(v, c) FROM (SELECT left(%1$I::text, 60) AS v, count(*) AS c FROM t WHERE %1$I IS NOT NULL
                 GROUP BY 1 LIMIT {words} + 1) AS g', a.attname) END AS asked
            FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
            WHERE a.attrelid = chosen.oid AND a.attnum > 0 AND NOT a.attisdropped
                AND (t.typcategory IN ('S', 'E', 'B') OR t.typname IN ('int2', 'int4', 'int8', 'numeric', 'float4', 'float8', 'date', 'timestamp', 'timestamptz'))
                AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisprimary AND a.attnum = ANY (i.indkey::int2[]))
            ORDER BY a.attnum LIMIT 40) AS v) AS asked
    FROM chosen CROSS JOIN LATERAL (
        SELECT json_agg(a.attname ORDER BY a.attnum)::text AS names, string_agg(format(
            'to_hex(mod(coalesce(sum(hashtextextended("harness key" || chr(31) || coalesce(%I::text, chr(30)), 0)), 0), 9223372036854775807)::bigint)',
            a.attname), ', ' ORDER BY a.attnum) AS hashes,
            string_agg(format('coalesce(%I::text ~ %L, false)', a.attname, {own}), ' OR ' ORDER BY a.attnum)
                FILTER (WHERE {own} <> '' AND (t.typcategory = 'S' OR t.typname IN ('json', 'jsonb'))) AS own
        FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
        WHERE a.attrelid = chosen.oid AND a.attnum > 0 AND NOT a.attisdropped
    ) AS c
)
SELECT format('SELECT json_build_object(%L, %s)', 'tables', count(*)) FROM chosen
UNION ALL
SELECT CASE WHEN how NOT IN ('whole', 'first') THEN format('SELECT json_build_object(%L, %L, %L, %L)', 'table', name, 'left', how)
    ELSE format('SELECT json_build_object(%L, %L, %L, %L, %L, count(*), %L, %L::json, %L, ARRAY[%s]::text[]) FROM (SELECT %s AS "harness key", * FROM %s%s) AS t%s',
        'table', name, 'how', how, 'rows', 'columns', coalesce(names, '[]'), 'hashes', hashes, coalesce(format('row(%s)::text', key), ''''''),
        oid::regclass, part, others) END
FROM described
UNION ALL
SELECT format('WITH t AS (SELECT * FROM (SELECT * FROM %s%s) AS x%s) SELECT json_build_object(%L, %L, %L, %L, %L, (SELECT count(*) FROM t), %L, json_build_object(%s))',
    oid::regclass, part, others, 'profile', name, 'how', how, 'rows', 'columns', substr(asked, 3))
FROM described WHERE how IN ('whole', 'first') AND asked IS NOT NULL
\gexec
