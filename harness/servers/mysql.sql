SET SESSION TRANSACTION READ ONLY;
SET SESSION lock_wait_timeout = 2;
SET SESSION /*M! max_statement_time = 5 */ /*!80000 max_execution_time = 5000 */;
SET SESSION group_concat_max_len = 1000000;
SELECT '::: schema';
SELECT concat('table ', table_name), concat_ws(' ', engine, table_collation, nullif(create_options, ''), nullif(table_comment, ''))
FROM information_schema.tables WHERE table_schema = database() AND table_type <> 'VIEW';
SELECT concat('view ', table_name), concat('definition ', md5(view_definition)) FROM information_schema.views
WHERE table_schema = database();
SELECT concat('column ', table_name, '.', column_name), concat_ws(' ', column_type, collation_name,
    if(is_nullable = 'NO', 'not null', NULL), concat('default ', column_default), nullif(extra, ''), nullif(generation_expression, ''))
FROM information_schema.columns WHERE table_schema = database();
SELECT concat('index ', table_name, '.', index_name), concat_ws(' ', if(non_unique, NULL, 'unique'), index_type,
    group_concat(concat_ws(' ', column_name, sub_part) ORDER BY seq_in_index SEPARATOR ', '))
FROM information_schema.statistics WHERE table_schema = database() GROUP BY table_name, index_name, non_unique, index_type;
SELECT concat('constraint ', k.table_name, '.', k.constraint_name), concat('references ', k.referenced_table_name, ' (',
    group_concat(concat_ws(' -> ', k.column_name, k.referenced_column_name) ORDER BY k.ordinal_position SEPARATOR ', '),
    ') on update ', r.update_rule, ' on delete ', r.delete_rule)
FROM information_schema.key_column_usage k JOIN information_schema.referential_constraints r
    ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name AND r.table_name = k.table_name
WHERE k.constraint_schema = database()
GROUP BY k.table_name, k.constraint_name, k.referenced_table_name, r.update_rule, r.delete_rule;
SELECT concat('check ', constraint_name), check_clause FROM information_schema.check_constraints
WHERE constraint_schema = database();
SELECT concat('trigger ', event_object_table, '.', trigger_name), concat_ws(' ', action_timing, event_manipulation, md5(action_statement))
FROM information_schema.triggers WHERE trigger_schema = database();
SELECT concat(lower(routine_type), ' ', routine_name), concat_ws(' ', 'definition', md5(routine_definition), security_type)
FROM information_schema.routines WHERE routine_schema = database();
SELECT concat('event ', event_name), concat_ws(' ', status, interval_value, interval_field, md5(event_definition))
FROM information_schema.events WHERE event_schema = database();
SELECT '::: roles';
SELECT grantee, group_concat(privilege_type, if(is_grantable = 'YES', ' with grant', '') ORDER BY privilege_type SEPARATOR ', ')
FROM information_schema.user_privileges GROUP BY grantee;
SELECT concat(grantee, ' on ', table_schema),
    group_concat(privilege_type, if(is_grantable = 'YES', ' with grant', '') ORDER BY privilege_type SEPARATOR ', ')
FROM information_schema.schema_privileges GROUP BY grantee, table_schema;
SELECT concat(grantee, ' on ', table_schema, '.', table_name),
    group_concat(privilege_type, if(is_grantable = 'YES', ' with grant', '') ORDER BY privilege_type SEPARATOR ', ')
FROM information_schema.table_privileges GROUP BY grantee, table_schema, table_name;
SELECT '::: settings';
SELECT lower(variable_name), /*M! global_value */ /*!80000 variable_value */
FROM /*M! information_schema.system_variables WHERE global_value_origin <> 'COMPILE-TIME' AND */
    /*!80000 performance_schema.global_variables JOIN performance_schema.variables_info USING (variable_name)
    WHERE variable_source <> 'COMPILED' AND */ lower(variable_name) NOT LIKE '%gtid%';
