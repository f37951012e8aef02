-- All families on a helper's list and all their visits, as phones keep them. $1-$6 set the viewer, $7: meets families.
WITH viewer AS (
  SELECT set_config('ruhu.viewer_id', $1, true), set_config('ruhu.region_from', $2, true),
         set_config('ruhu.region_to', $3, true), set_config('ruhu.region_spans', $4, true),
         set_config('ruhu.helper_id', $5, true), set_config('ruhu.organisation_id', $6, true)
)
SELECT convert_to('{"data":{"pullHouseholds":{"documents":[' || (
  SELECT coalesce(string_agg(o, ',' ORDER BY id), '')
  FROM (
    SELECT h.id, '{"id":"' || h.id || '","isDeleted":false,"revision":"' || h.revision || '","code":' || to_json(h.code)
        || ',"villageCode":' || to_json(h.region_code)
        || ',"address":' || coalesce(to_json(CASE WHEN $7::boolean THEN h.address END)::text, 'null')
        || ',"longitude":' || coalesce(to_json(ST_X(h.location))::text, 'null')
        || ',"latitude":' || coalesce(to_json(ST_Y(h.location))::text, 'null')
        || ',"category":' || to_json(h.category)
        || ',"causes":' || array_to_json(h.causes)
        || ',"monitoringStatus":' || to_json(h.monitoring_status)
        || ',"members":[' || people.o || '],"pairings":[' || helping.o || ']}' AS o
    FROM household h
    CROSS JOIN LATERAL (
      SELECT coalesce(string_agg(
          '{"id":"' || p.id
          || '","name":' || to_json(CASE WHEN $7 THEN p.name ELSE left(p.name, 1) || '**' END)
          || ',"isHead":' || CASE WHEN p.is_head THEN 'true' ELSE 'false' END
          || ',"relationToHead":' || to_json(p.relation_to_head)
          || ',"bornOn":' || coalesce('"' || CASE WHEN $7 THEN p.born_on END || '"', 'null')
          || ',"health":' || coalesce(array_to_json(CASE WHEN $7 THEN p.health END)::text, 'null')
          || '}', ',' ORDER BY p.is_head DESC, p.born_on, p.id), '') AS o
      FROM person p WHERE p.household_id = h.id
    ) AS people
    CROSS JOIN LATERAL (
      SELECT coalesce(string_agg(
          '{"id":"' || g.id || '","role":' || to_json(g.role) || ',"helperName":'
          || coalesce(to_json((SELECT name FROM helper WHERE id = g.helper_id))::text, 'null')
          || '}', ',' ORDER BY g.started_on DESC, g.id DESC), '') AS o
      FROM pairing g WHERE g.household_id = h.id AND g.ended_on IS NULL
    ) AS helping
    WHERE h.id = ANY (array(SELECT household_id FROM household_access
                            WHERE party_id IN (nullif($5, '')::uuid, nullif($6, '')::uuid)))
  ) AS families
) || ']},"pullVisits":{"documents":[' || (
  SELECT coalesce(string_agg('{"id":"' || v.id || '","isDeleted":false,"householdId":"' || v.household_id
      || '","contact":' || to_json(v.contact)
      || ',"occurredAt":' || replace(to_json(v.occurred_at)::text, '.000000', '')
      || ',"answers":' || CASE WHEN $7 OR v.recorded_by_id = $1::uuid THEN v.answers::text ELSE '{}' END
      || '}', ',' ORDER BY v.id), '')
  FROM (
    SELECT id, household_id, contact, occurred_at, answers, recorded_by_id FROM visit
    WHERE household_id = ANY (array(SELECT household_id FROM household_access
                                    WHERE party_id IN (nullif($5, '')::uuid, nullif($6, '')::uuid)))
       OR recorded_by_id = $1::uuid
    ORDER BY id LIMIT 1000
  ) AS v
) || ']}}}', 'UTF8')
FROM viewer
