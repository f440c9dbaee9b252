// The contracts of `npm run conform` hold between the local stand-in and us, and between us and our clients.

import { beforeAll, describe, expect, test } from 'vitest'
import { keeps } from '../conform/ask-service.ts'
import { contracts } from '../conform/contracts.ts'
import { otherContracts } from '../conform/other-contracts.ts'
import { products, type Service, standIns } from '../conform/services.ts'
import { sharedWorld } from '../world/shared-world.ts'

const names = ['chat', 'responses', 'messages']
let services: readonly Service[] = []

beforeAll(async () => {
  const world = sharedWorld()
  const { apiKey } = await world.newAccount()
  services = [...standIns(world.upstreamUrl), ...products(world.baseUrl, apiKey)]
})

/** What the stand-in cannot show, and what a dialect does not have. */
const notRun = { notRun: expect.any(String) }
const kept = { missing: [], differences: [] }

describe.each(['upstream', 'client'])('on the wire of the %s', (wire) => {
  const serviceOf = (dialect: string): Service => {
    const service = services.find((one) => one.wire === wire && one.dialect === dialect)
    if (service === undefined) throw new Error(`there is no service of ${dialect}`)
    return service
  }

  describe.each(names)('%s keeps the contract', (dialect) => {
    test.each(contracts)('$name: $promise', async (contract) => {
      expect(await keeps(contract, serviceOf(dialect))).toEqual(kept)
    })

    test.each(otherContracts)('$name: $promise', async (contract) => {
      const verdict = await contract.ask(serviceOf(dialect))
      expect(verdict).toEqual('notRun' in verdict ? notRun : kept)
    })
  })
})
