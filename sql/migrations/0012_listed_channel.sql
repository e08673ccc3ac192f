-- The channel that managers signed a release for (SPEC 10.8).  An older binary does not ask for it.

SET LOCAL search_path = otad;

CREATE FUNCTION beta_alone(of_platform bigint, of_release bigint) RETURNS boolean LANGUAGE sql STABLE
    RETURN coalesce((SELECT bool_and(t.entry::jsonb #>> '{custom,channel}' = 'beta') FROM tuf_target t
                      WHERE t.platform_id = of_platform AND t.release_id = of_release), false);
COMMENT ON FUNCTION beta_alone(bigint, bigint) IS 'Does what is listed of a release say that it is for beta alone?';
