// What chance is told when it makes requests out of the vendors' types: fields in which it would hardly find what a request can
// mean, and what most requests consist of.

import { reasoningEfforts, type DialectId } from '#calls/neutral-call.ts'
import { type Chance, made } from './from-schema.ts'
import { definitionsFor, requestTypes } from './wire-schemas.ts'

const fixed = {
  model: ['m'],
  name: ['get_weather', 'answer'],
  stream: [true, false, undefined],
  n: [1],
  parameters: [{ type: 'object', properties: {} }],
  input_schema: [{ type: 'object', properties: {} }],
  schema: [{ type: 'object', properties: {} }],
  arguments: ['{}', '{"city":"Paris"}'],
  max_tokens: [1, 100, 5_000],
  max_completion_tokens: [1, 100, 5_000],
  max_output_tokens: [1, 100, 5_000],
  reasoning_effort: reasoningEfforts,
  background: [false],
  service_tier: ['auto', 'default', undefined],
  previous_response_id: [null, undefined],
  conversation: [null, undefined],
  prompt: [null, undefined],
  web_search_options: [undefined],
  modalities: [['text'], null],
  inference_geo: ['global'],
  speed: ['standard'],
}
const filled = ['model', 'messages', 'input']
const likely = [
  'text image image_url tool_use tool_result thinking redacted_thinking refusal message',
  'function_call function_call_output custom_tool_call custom_tool_call_output reasoning function',
  'custom namespace input_text input_image output_text base64 auto none json_schema enabled',
  'adaptive disabled',
].flatMap((line) => line.split(' '))

/** A request that the vendor's type allows, as it goes over the wire. */
export function madeRequest(dialect: DialectId, chance: Chance): unknown {
  const type = requestTypes[dialect]
  const definitions = definitionsFor(type, 'upstream')
  return JSON.parse(JSON.stringify(made(type, { definitions, chance, fixed, filled, likely })))
}
