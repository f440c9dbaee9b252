// `npm run conform`: the contracts that the product has with its providers, put to the local stand-in and to the product itself,
// or with `-- --live` to the real services whose keys are in the environment. Says in words what differs.

import { quote } from '#catalog/quote.ts'
import { addNanoUsd, formatUsd, type NanoUsd, timesNanoUsd, zeroNanoUsd } from '#core/money.ts'
import { readCommandLine } from '../../dev/command-line.ts'
import { startWorld } from '../../dev/world.ts'
import { keeps, type NotRun, reasonAgainst, type Verdict } from './ask-service.ts'
import { contracts, outputTokensMax } from './contracts.ts'
import { otherContracts } from './other-contracts.ts'
import { products, realServices, type Service, standIns } from './services.ts'

const help = `npm run conform [-- --live] [-- --only NAME]

Puts the contracts that Sluice has with model providers to the local stand-in and to Sluice itself.
  --live   to the real services whose keys are in the environment; says first what it costs at most
  --only   to the services whose name holds NAME

Ends with 1 if a contract is broken.`

const options = {
  live: { type: 'boolean' },
  only: { type: 'string' },
  help: { type: 'boolean' },
} as const
/** More than any contract's prompt has with its tools and its picture. */
const promptBytes = 3_000

const { values } = readCommandLine(help, { options })
if (values.help === true) say(help)
else process.exitCode = (await (values.live === true ? live() : local())) === 0 ? 0 : 1

/** How many contracts are broken. */
async function local(): Promise<number> {
  const world = await startWorld({ onProgress: (line) => say(`… ${line}`) })
  try {
    const { apiKey } = await world.newAccount()
    return await ask([...standIns(world.upstreamUrl), ...products(world.baseUrl, apiKey)])
  } finally {
    await world.stop()
  }
}

async function live(): Promise<number> {
  const { services, missing } = realServices(process.env)
  if (missing.length > 0) say(`Not run, because these are not set: ${missing.join(', ')}.`)
  const chosen = services.filter(isChosen)
  if (chosen.length === 0) {
    say('No real service was asked.')
    return 0
  }
  const bounds = chosen.map((service) => boundOf(service))
  for (const [index, { name, model }] of chosen.entries())
    say(`${name} with ${model.id}: at most $${formatUsd(bounds[index] ?? zeroNanoUsd)}`)
  say(`All of it together costs at most $${formatUsd(addNanoUsd(...bounds))}.`)
  return ask(chosen)
}

/** What all contracts together can cost at a service, by the same quote as a customer's call. */
function boundOf(service: Service): NanoUsd {
  const paid = contracts.filter((contract) => reasonAgainst(contract, service) === undefined).length
  const others = otherContracts.reduce((sum, { calls }) => sum + calls, 0)
  const { ceilingNanoUsd } = quote(service.model, {
    textBytes: promptBytes,
    messages: 1,
    tools: 2,
    images: 1,
    choices: 1,
    outputTokensMax,
    isStreamed: false,
  })
  return timesNanoUsd(ceilingNanoUsd, paid + others)
}

async function ask(services: readonly Service[]): Promise<number> {
  let broken = 0
  for (const service of services.filter(isChosen)) {
    say(`\n${service.name} (${service.model.id})`)
    for (const contract of contracts)
      broken += told(contract, await triedly(() => keeps(contract, service)), service)
    for (const contract of otherContracts)
      broken += told(contract, await triedly(() => contract.ask(service)), service)
  }
  say(broken === 0 ? '\nNo contract is broken.' : `\n${broken} contracts are broken.`)
  return broken
}

function isChosen({ name }: Service): boolean {
  return name.includes(values.only ?? '')
}

/** A service that does not answer breaks the contract and not the run. */
async function triedly(run: () => Promise<Verdict | NotRun>): Promise<Verdict | NotRun> {
  try {
    return await run()
  } catch (error) {
    return { missing: [error instanceof Error ? error.message : String(error)], differences: [] }
  }
}

/**
 * 1 if the contract is broken. A field that a real service has and its own package does not know yet is told and breaks
 * nothing; the stand-in and Sluice itself have no such excuse.
 */
function told(
  { name, promise }: { name: string; promise: string },
  verdict: Verdict | NotRun,
  { isStandIn }: Service,
): number {
  if ('notRun' in verdict) {
    say(`  – ${name}: not run, ${verdict.notRun}`)
    return 0
  }
  const { missing, differences } = verdict
  const isBroken = missing.length > 0 || (isStandIn && differences.length > 0)
  say(`  ${isBroken ? '✗' : '✓'} ${name}: ${promise}`)
  for (const sentence of missing) say(`      ${sentence}`)
  for (const difference of new Set(differences)) say(`      differs from the vendor's types: ${difference}`)
  return isBroken ? 1 : 0
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
