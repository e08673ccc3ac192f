-- name: role_list
-- $1 after, '' = from the start; $2 limit.  Those that are built in have no number.
SELECT r.role_id, r.name, r.title,
       (SELECT count(*) FROM account_role a WHERE a.role = r.name)
  FROM (SELECT role_id, name, title FROM role
        UNION ALL
        SELECT 0, n, NULL FROM unnest('{admin,manager,operator,viewer}'::text[]) n) r
 WHERE r.name > $1
 ORDER BY r.name COLLATE "C"
 LIMIT $2;

-- name: role_get
-- $1 name
SELECT r.role_id, r.name, r.title,
       (SELECT count(*) FROM account_role a WHERE a.role = r.name)
  FROM (SELECT role_id, name, title FROM role
        UNION ALL
        SELECT 0, n, NULL FROM unnest('{admin,manager,operator,viewer}'::text[]) n) r
 WHERE r.name = $1;

-- name: role_grants
-- $1 role_ids
SELECT g.role_id, p.name, coalesce(g.platform_id, 0), array_to_string(g.permissions, ' ')
  FROM role_grant g
  LEFT JOIN platform p USING (tenant_id, platform_id)
 WHERE g.role_id = ANY ($1::bigint[])
 ORDER BY g.role_id, p.name NULLS FIRST;

-- name: role_put
-- $1 name, $2 title, $3 created_by
INSERT INTO role (tenant_id, name, title, created_by)
VALUES (current_tenant(), $1, $2, $3)
ON CONFLICT (tenant_id, name) DO UPDATE SET title = EXCLUDED.title
RETURNING role_id;

-- name: role_grants_clear
-- $1 role_id
DELETE FROM role_grant WHERE role_id = $1;

-- name: role_grant_put
-- $1 role_id, $2 platform_id or NULL, $3 permissions
INSERT INTO role_grant (tenant_id, role_id, platform_id, permissions)
VALUES (current_tenant(), $1, $2::bigint, $3::text[]);

-- name: role_delete
-- $1 role_id
DELETE FROM role WHERE role_id = $1;

-- name: roles_too_wide
-- $1 how many platforms somebody may have rights on one by one: has somebody more?
SELECT EXISTS (
    SELECT FROM account_role a
      JOIN role r ON r.tenant_id = a.tenant_id AND r.name = a.own_role
      JOIN role_grant g ON g.tenant_id = r.tenant_id AND g.role_id = r.role_id
     GROUP BY a.account_id
    HAVING count(DISTINCT g.platform_id) > $1);
