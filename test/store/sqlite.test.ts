import { openTempStore } from '../fixtures/open-temp-store.ts'
import { storeContract } from './contract/store-contract.ts'

storeContract('sqlite', t => openTempStore(t))
