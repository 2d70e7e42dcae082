import { ensureTools } from '../../infra/local/tools.ts';
import { TOOLS } from '../support/tools.ts';

/**
 * Runs before the tests: installs the programs that they drive where that is allowed. What cannot be installed never
 * fails the run: its tests are then skipped with a line that says so (test/support/tools.ts; in CI they fail).
 */
const wanted = Object.entries(TOOLS).map(([name, tool]) => ({
  name,
  packages: tool.package.split(' '),
  present: tool.present,
}));
const missing = ensureTools(wanted);
if (missing.length > 0)
  console.error(`Tests that need ${missing.map((tool) => tool.name).join(', ')} cannot run.`);
