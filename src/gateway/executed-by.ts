// Who executed a call: said in the headers of every answer, and in the `metadata` of whole ones where their format leaves room.

import { providers } from '#catalog/provider-table.ts'
import type { NanoUsd } from '#core/money.ts'
import { usdNumber } from '#core/money.ts'
import { isObject, type JsonObject } from '#core/readers.ts'
import type { FormatId } from '#dialects/dialect.ts'
import type { PreparedCall } from './prepared-call.ts'

export type ExecutedBy = {
  provider: string
  /** As people know it. */
  providerName: string
  /** The provider's own name of the model. */
  executedModel: string
  /** The provider's own name of its answer. */
  upstreamId: string | undefined
}

export function executedBy(
  { model, provider: { id } }: Pick<PreparedCall, 'model' | 'provider'>,
  upstreamId?: string,
): ExecutedBy {
  return { provider: id, providerName: providers[id].company, executedModel: model.upstreamId, upstreamId }
}

/** A provider may write what it likes for an id; a header takes this. */
const plainId = /^[\x21-\x7e]{1,200}$/

export function executedHeaders(executed: ExecutedBy): Record<string, string> {
  const { provider, providerName, executedModel, upstreamId } = executed
  return {
    'x-provider': provider,
    'x-provider-name': providerName,
    'x-executed-model': executedModel,
    ...(upstreamId !== undefined && plainId.test(upstreamId) ? { 'x-upstream-id': upstreamId } : {}),
  }
}

/** Responses have a field of this name, which is the client's own. */
export function hasRoomForMetadata(id: FormatId): boolean {
  return id !== 'responses'
}

/** Beside what a provider says under the same name. */
export function metadataOf(executed: ExecutedBy, costNanoUsd: NanoUsd, stated: unknown): JsonObject {
  return {
    ...(isObject(stated) ? stated : {}),
    cost: usdNumber(costNanoUsd),
    provider: executed.provider,
    provider_name: executed.providerName,
    executed_model: executed.executedModel,
    upstream_id: executed.upstreamId ?? null,
  }
}
