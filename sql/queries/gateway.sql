-- name: gateway_put
-- $1 name, $2 platform_id or NULL, $3 token_hash, $4 created_by
INSERT INTO gateway_token (tenant_id, name, platform_id, token_hash, created_by)
VALUES (current_tenant(), $1, $2::bigint, $3::bytea, $4)
RETURNING gateway_token_id;

-- name: gateway_get
-- $1 gateway_token_id
SELECT * FROM gateway_row WHERE gateway_token_id = $1;

-- name: gateway_list
-- $1 after, 0 = from the start; $2 limit
SELECT * FROM gateway_row
 WHERE $1::bigint = 0 OR gateway_token_id < $1
 ORDER BY gateway_token_id DESC
 LIMIT $2;

-- name: gateway_revoke
-- $1 gateway_token_id
UPDATE gateway_token SET revoked_at = coalesce(revoked_at, now()) WHERE gateway_token_id = $1;
