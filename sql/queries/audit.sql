-- name: audit_append
-- $1 actor, $2 address or NULL, $3 action, $4 object, $5 platform or NULL, $6 before, $7 after: JSON or NULL.  Locks the
-- tenant's log until commit, so it is the last statement of a transaction.
SELECT audit_append($1, $2, $3, $4, $5, (SELECT platform_id FROM platform_alias WHERE name = $5), $6::jsonb, $7::jsonb);

-- name: audit_list
-- $1 after (a seq), 0 = from the start; $2 limit; $3 actor, $4 action, $5 noun of actions, $6 platform, $7 object, NULL = any;
-- $8, $9 from and to a time, 0 = any; $10, $11 from and to a seq, 0 = any
SELECT seq, unix_s(at), actor, address, action, object, platform, before, after, prev_hash, hash
  FROM audit_entry
 WHERE ($1::bigint = 0 OR seq < $1)
   AND ($3::text IS NULL OR actor = $3)
   AND ($4::text IS NULL OR action = $4)
   AND ($5::text IS NULL OR action >= $5 || '.' AND action < $5 || '/')
   AND ($6::text IS NULL OR platform = $6)
   AND ($7::text IS NULL OR object = $7)
   AND ($8::bigint = 0 OR at >= to_timestamp($8))
   AND ($9::bigint = 0 OR at < to_timestamp($9))
   AND ($10::bigint = 0 OR seq >= $10)
   AND ($11::bigint = 0 OR seq <= $11)
 ORDER BY seq DESC
 LIMIT $2;

-- name: audit_list_oldest
-- As audit_list, oldest first; $1 = 0: from the start
SELECT seq, unix_s(at), actor, address, action, object, platform, before, after, prev_hash, hash
  FROM audit_entry
 WHERE seq > $1::bigint
   AND ($3::text IS NULL OR actor = $3)
   AND ($4::text IS NULL OR action = $4)
   AND ($5::text IS NULL OR action >= $5 || '.' AND action < $5 || '/')
   AND ($6::text IS NULL OR platform = $6)
   AND ($7::text IS NULL OR object = $7)
   AND ($8::bigint = 0 OR at >= to_timestamp($8))
   AND ($9::bigint = 0 OR at < to_timestamp($9))
   AND ($10::bigint = 0 OR seq >= $10)
   AND ($11::bigint = 0 OR seq <= $11)
 ORDER BY seq
 LIMIT $2;

-- name: audit_platform
-- $1 platform_id.  This and the following: object, platform, JSON as the audit log shows it.
SELECT name, name,
       jsonb_build_object('title', title, 'aliases', to_jsonb(string_to_array(coalesce(aliases, ''), ' ')),
                          'follow_channel', follow_channel, 'hardware_class', encode(hardware_class, 'hex'),
                          'key_manifest_sequence', key_manifest_sequence)::text
  FROM platform_row
 WHERE platform_id = $1;

-- name: audit_release
-- $1 release_id
SELECT p.name || ' ' || r.version, p.name,
       jsonb_build_object('state', r.state, 'channel', r.channel, 'security_counter', r.security_counter,
                          'notes', left(r.notes, 500), 'sums_sha256', encode(sha256(convert_to(r.sums, 'UTF8')), 'hex'),
                          'sums_signed_by', r.sums_signed_by, 'withdrawn_reason', r.withdrawn_reason,
                          'minimum_version', r.minimum_version)::text
  FROM release r
  JOIN platform p USING (tenant_id, platform_id)
 WHERE r.release_id = $1;

-- name: audit_device
-- $1 device_no
SELECT d.device_id, p.name,
       jsonb_build_object('name', d.name, 'platform', p.name, 'channel', d.channel)::text
  FROM device d
  LEFT JOIN platform p USING (tenant_id, platform_id)
 WHERE d.device_no = $1;

-- name: audit_update
-- $1 update_id
SELECT device_id, platform,
       jsonb_build_object('update', update_id, 'version', version, 'from_version', from_version, 'state', state)::text
  FROM update_row
 WHERE update_id = $1;

-- name: audit_api_key
-- $1 api_key_id.  A key for one platform is that platform's.
SELECT name, CASE WHEN platforms <> '*' AND position(' ' IN platforms) = 0 THEN platforms END,
       jsonb_build_object('id', api_key_id, 'scopes', to_jsonb(string_to_array(scopes, ' ')),
                          'platforms', to_jsonb(string_to_array(platforms, ' ')),
                          'expires_at', audit_time(from_unix_s(expires_at_unix_s)),
                          'revoked', revoked_at_unix_s <> 0)::text
  FROM api_key_row
 WHERE api_key_id = $1;

-- name: audit_gateway
-- $1 gateway_token_id
SELECT name, platform,
       jsonb_build_object('id', gateway_token_id, 'platform', platform, 'revoked', revoked_at_unix_s <> 0)::text
  FROM gateway_row
 WHERE gateway_token_id = $1;
