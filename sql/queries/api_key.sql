-- name: api_key_next_id
SELECT nextval('api_key_id_seq');

-- name: api_key_put
-- $1 api_key_id, $2 name, $3 key_hash, $4 scopes, $5 all_platforms, $6 created_by, $7 expires_at
INSERT INTO api_key (tenant_id, api_key_id, name, key_hash, scopes, all_platforms, created_by, expires_at)
VALUES (current_tenant(), $1, $2, $3::bytea, $4::text[], $5, $6, from_unix_s($7));

-- name: api_key_platforms_put
-- $1 api_key_id, $2 names or aliases
INSERT INTO api_key_platform (tenant_id, api_key_id, platform_id)
SELECT DISTINCT current_tenant(), $1::bigint, a.platform_id
  FROM platform_alias a
 WHERE a.name = ANY ($2::text[]);

-- name: platforms_known
-- $1 names or aliases: how many of them are known
SELECT count(*) FROM platform_alias WHERE name = ANY ($1::text[]);

-- name: api_key_get
-- $1 api_key_id
SELECT * FROM api_key_row WHERE api_key_id = $1;

-- name: api_key_list
-- $1 after, 0 = from the start; $2 limit
SELECT * FROM api_key_row
 WHERE $1::bigint = 0 OR api_key_id < $1
 ORDER BY api_key_id DESC
 LIMIT $2;

-- name: api_key_revoke
-- $1 api_key_id
UPDATE api_key SET revoked_at = coalesce(revoked_at, now()) WHERE api_key_id = $1;
