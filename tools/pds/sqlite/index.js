// What the PDS asks of better-sqlite3, on the SQLite that Node brings along: building the other takes two minutes.
import { DatabaseSync } from 'node:sqlite'

// The codes that the PDS looks for: https://sqlite.org/rescode.html
const CODES = new Map([
  [5, 'SQLITE_BUSY'],
  [261, 'SQLITE_BUSY_RECOVERY'],
  [517, 'SQLITE_BUSY_SNAPSHOT'],
  [1555, 'SQLITE_CONSTRAINT_PRIMARYKEY'],
  [2067, 'SQLITE_CONSTRAINT_UNIQUE'],
])

const coded = (act) => {
  try {
    return act()
  } catch (error) {
    error.code = CODES.get(error.errcode) ?? error.code
    throw error
  }
}

class Statement {
  #statement

  constructor(statement) {
    this.#statement = statement
    this.reader = statement.columns().length > 0
  }

  all(parameters = []) {
    return coded(() => this.#statement.all(...parameters))
  }

  run(parameters = []) {
    return coded(() => this.#statement.run(...parameters))
  }

  iterate(parameters = []) {
    return coded(() => this.#statement.iterate(...parameters))
  }
}

export default class Database {
  #database

  constructor(location, { timeout = 5000 } = {}) {
    this.#database = new DatabaseSync(location, { timeout })
  }

  prepare(sql) {
    return new Statement(coded(() => this.#database.prepare(sql)))
  }

  pragma(text) {
    return this.prepare(`PRAGMA ${text}`).all()
  }

  close() {
    this.#database.close()
  }
}
