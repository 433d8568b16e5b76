// Starts the PDS as its PDS_ environment says, tells when it listens, and ends with whoever holds its standard input.
import { rmSync } from 'node:fs'
import { PDS, envToCfg, envToSecrets, readEnv } from '@atproto/pds'

const environment = readEnv()
process.stdin.resume().on('end', () => {
  rmSync(environment.dataDirectory, { recursive: true, force: true })
  process.exit()
})
const pds = await PDS.create(envToCfg(environment), envToSecrets(environment))
await pds.start()
console.log('listening')
