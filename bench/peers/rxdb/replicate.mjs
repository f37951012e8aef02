// All that an app needs to keep families and visits in RxDB: docs/mobile.md shows this file.
import { replicateGraphQL } from 'rxdb/plugins/replication-graphql';

const orNull = (type) => ({ type: [type, 'null'] });
const fields = (text, type) => Object.fromEntries(text.split(' ').map((name) => [name, orNull(type)]));
const schema = (properties) => ({
  version: 0, primaryKey: 'id', type: 'object',
  properties: { id: { type: 'string', maxLength: 36 }, ...properties },
});

export const collections = {
  households: { schema: schema({
    ...fields('revision code villageCode address phone category monitoringStatus registeredOn endedOn endReason', 'string'),
    ...fields('splitFromId mergedIntoId updatedAt', 'string'),
    ...fields('longitude latitude accuracyMetres', 'number'), isBlurred: orNull('boolean'),
    ...fields('causes members pairings', 'array'),
  }) },
  visits: { schema: schema({
    ...fields('householdId villageCode recordedById helperId purpose contact occurredAt capturedAt receivedAt', 'string'),
    ...fields('formId note supersedesId supersededById amendReason', 'string'),
    ...fields('longitude latitude accuracyMetres distanceToDwellingMetres formVersion', 'number'),
    ...fields('isBlurred isWithinFence isComplete', 'boolean'),
    ...fields('credibility findings companionIds photoIds', 'array'), answers: orNull('object'),
  }) },
};

const HOUSEHOLD = `id isDeleted revision code villageCode address phone longitude latitude accuracyMetres isBlurred
  category causes monitoringStatus registeredOn endedOn endReason splitFromId mergedIntoId updatedAt
  members { id name isHead relationToHead sex ethnicity bornOn idNumber disabilityCertificate phone education
    schoolStatus health labour joinedOn }
  pairings { id role helperId helperName organisationId organisationName mode startedOn }`;
const VISIT = `id isDeleted householdId villageCode recordedById helperId purpose contact occurredAt capturedAt receivedAt
  longitude latitude accuracyMetres isBlurred distanceToDwellingMetres isWithinFence isComplete credibility formId
  formVersion answers findings { id kind personId note } companionIds photoIds note supersedesId supersededById amendReason`;

export const PULL_HOUSEHOLDS = `query SyncHouseholds($checkpoint: CheckpointInput, $limit: Int!) {
  pullHouseholds(checkpoint: $checkpoint, limit: $limit) {
    documents { ${HOUSEHOLD} } checkpoint { cursor } hasMore isReset } }`;
export const PULL_VISITS = `query SyncVisits($checkpoint: CheckpointInput, $limit: Int!) {
  pullVisits(checkpoint: $checkpoint, limit: $limit) {
    documents { ${VISIT} } checkpoint { cursor } hasMore isReset } }`;
const PUSH_HOUSEHOLDS = `mutation PushHouseholds($rows: [HouseholdPushRow!]!) {
  pushHouseholds(rows: $rows) { conflicts { ${HOUSEHOLD} } errors { code message path } } }`;
const SUBMIT_VISITS = `mutation SubmitVisits($visits: [VisitInput!]!, $sentAt: String!) {
  submitVisits(input: { visits: $visits, sentAt: $sentAt }) {
    results { id outcome errors { code message path } } errors { code message } } }`;

// Events only ring the bell: the pull that follows goes on from the phone's own cursor, so nothing between two is missed.
const HOUSEHOLD_CHANGES = 'subscription HouseholdChanges { householdChanges { checkpoint { cursor } } }';
const VISIT_CHANGES = 'subscription VisitChanges { visitChanges { checkpoint { cursor } } }';

/** Starts both. `told(what)` hears of everything that a person should see: refusals, conflicts, outcomes of visits. */
export function replicate({ database, http, ws, token, told }) {
  const { households, visits } = database;
  const common = {
    url: { http, ws }, headers: { Authorization: `Bearer ${token}` },
    deletedField: 'isDeleted', live: true, waitForLeadership: false,
  };
  const wsOptions = { connectionParams: () => ({ authorization: `Bearer ${token}` }), retryAttempts: Infinity };
  const pull = (collection, query, changes) => {
    const queryBuilder = (checkpoint, limit) => ({ query, variables: { checkpoint, limit } });
    return {
      batchSize: 200, queryBuilder, wsOptions,
      streamQueryBuilder: () => ({ query: changes, variables: {} }),
      responseModifier: (page, origin) => (origin === 'stream' ? 'RESYNC' : whole(page, collection, queryBuilder)),
    };
  };

  // A snapshot after `isReset` is taken in whole, and what it lacks goes. RxDB itself spares what was not yet sent.
  async function whole(page, collection, queryBuilder) {
    if (!page.isReset) return page;
    const documents = [...page.documents];
    let last = page;
    while (last.hasMore) {
      const answer = await replications[collection.name].graphQLRequest(queryBuilder(last.checkpoint, 200));
      if (answer.errors) throw answer.errors;
      last = Object.values(answer.data)[0];
      documents.push(...last.documents);
    }
    const there = new Set(documents.map((document) => document.id));
    for (const kept of await collection.find().exec()) {
      const cameFromServer = kept.revision ?? kept.receivedAt;
      if (!there.has(kept.id) && cameFromServer) documents.push({ ...kept.toMutableJSON(), isDeleted: true });
    }
    return { documents, checkpoint: last.checkpoint };
  }

  let unsendable = []; // visits are never changed on a phone (amendVisit does that): the server's stand
  const replications = {
    households: replicateGraphQL({
      ...common, collection: households, replicationIdentifier: `households ${http}`,
      pull: pull(households, PULL_HOUSEHOLDS, HOUSEHOLD_CHANGES),
      push: {
        batchSize: 50,
        queryBuilder: (rows) => ({ query: PUSH_HOUSEHOLDS, variables: { rows } }),
        responseModifier: (payload) => {
          const ofAll = payload.errors.filter((error) => error.path.length < 2);
          if (ofAll.length) throw ofAll; // nothing was taken: RxDB tries again
          payload.errors.forEach(told);
          return payload.conflicts;
        },
      },
    }),
    visits: replicateGraphQL({
      ...common, collection: visits, replicationIdentifier: `visits ${http}`,
      pull: pull(visits, PULL_VISITS, VISIT_CHANGES),
      push: {
        batchSize: 100,
        queryBuilder: (rows) => {
          unsendable = rows.map((row) => row.assumedMasterState).filter(Boolean);
          const typed = rows.filter((row) => !row.assumedMasterState).map((row) => asInput(row.newDocumentState));
          return { query: SUBMIT_VISITS, variables: { visits: typed, sentAt: new Date().toISOString() } };
        },
        // Refused and deferred ones stay on the phone as they were typed, and on the server in `submissions`.
        responseModifier: (payload) => {
          if (payload.errors.length) throw payload.errors;
          payload.results.forEach(told);
          return unsendable;
        },
      },
    }),
  };
  return replications;
}

function asInput({ id, householdId, purpose, contact, occurredAt, capturedAt, formId, formVersion, answers, ...rest }) {
  const { findings, companionIds, note, longitude, latitude, accuracyMetres } = rest;
  const location = longitude == null ? null : { longitude, latitude, datum: 'WGS84', accuracyMetres };
  const visit = { id, householdId, purpose, contact, occurredAt, capturedAt, formId, formVersion, answers };
  return { ...visit, findings, companionIds, note, location };
}
