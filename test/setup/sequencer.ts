import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { longFirst } from './longFirst.ts';

export class Sequencer extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return longFirst(await super.sort(files));
  }
}
