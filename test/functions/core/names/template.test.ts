import { describe, expect, it } from 'vitest';
import { RecorderError } from '../../../../functions/core/api/errors.ts';
import {
  checkNameRules,
  DEFAULT_NAME_RULES,
  type NameRules,
  NameTemplateError,
} from '../../../../functions/core/names/index.ts';

function faultOf(
  rules: Partial<NameRules>,
): Pick<NameTemplateError, 'fault' | 'field' | 'position' | 'message'> {
  try {
    checkNameRules({ ...DEFAULT_NAME_RULES, ...rules });
  } catch (error) {
    if (!(error instanceof NameTemplateError)) throw error;
    expect(error).toBeInstanceOf(RecorderError);
    expect(error).toMatchObject({ code: 'invalid_request', status: 400 });
    const { fault, field, position, message } = error;
    return { fault, field, position, message };
  }
  throw new Error('the rules were accepted');
}

describe('checkNameRules', () => {
  it('accepts the default, also at the lowest limits', () => {
    checkNameRules(DEFAULT_NAME_RULES);
    checkNameRules({ ...DEFAULT_NAME_RULES, fileNameMaxBytes: 64, keyMaxBytes: 128 });
  });

  it.each([
    ['{steamName}', 1, 'streamName'],
    ['rec-{StreamName}', 5, 'streamName'],
    ['{streamName}-{mediasession}', 14, 'mediaSessionId'],
    ['{streamName}-{start}', 14, 'part'],
    ['{streamName}-{endtime}', 14, 'endTime'],
    ['{streamName}-{YYYY}', 14, 'yyyy'],
    ['é-{toString}', 3, 'login'],
  ])('names the nearest element of an unknown one: %s', (fileTemplate, position, nearest) => {
    const fault = faultOf({ fileTemplate });
    expect(fault).toMatchObject({ fault: 'unknown_element', field: 'fileTemplate', position });
    expect(fault.message).toMatch(`{${nearest}}`);
  });

  it('knows {fileName} in the library template only', () => {
    expect(faultOf({ fileTemplate: '{fileName}' })).toMatchObject({ fault: 'unknown_element' });
    expect(faultOf({ libraryKeyTemplate: 'a/{filename}' })).toMatchObject({
      fault: 'unknown_element',
      field: 'libraryKeyTemplate',
      position: 3,
      message: expect.stringContaining('{fileName}'),
    });
  });

  it.each([
    ['{streamName', 1],
    ['a{streamName}-}', 15],
    ['{{streamName}}', 1],
    ['{streamName}{', 13],
    ['}', 1],
  ])('refuses an unbalanced brace: %s', (fileTemplate, position) => {
    expect(faultOf({ fileTemplate })).toMatchObject({ fault: 'unbalanced_brace', position });
  });

  it.each([
    [{ fileTemplate: '' }, 'no_element'],
    [{ fileTemplate: 'record' }, 'no_element'],
    [{ libraryKeyTemplate: 'stream_records/all' }, 'no_element'],
    [{ fileTemplate: '{yyyy}/{streamName}' }, 'folder_in_file_name'],
    [{ libraryKeyTemplate: '/{fileName}' }, 'bad_folder'],
    [{ libraryKeyTemplate: 'a//{fileName}' }, 'bad_folder'],
    [{ libraryKeyTemplate: '{fileName}/' }, 'bad_folder'],
    [{ libraryKeyTemplate: '../{fileName}' }, 'bad_folder'],
    [{ libraryKeyTemplate: 'a/./{fileName}' }, 'bad_folder'],
    [{ fileTemplate: `${'x'.repeat(250)}{streamName}` }, 'too_long'],
    [{ fileTemplate: '{sessionId}'.repeat(5) }, 'too_long'],
    [{ libraryKeyTemplate: `${'x'.repeat(250)}/{fileName}` }, 'too_long'],
    [{ libraryKeyTemplate: `${'abcdefghi/'.repeat(100)}{fileName}` }, 'too_long'],
  ])('refuses %o: %s', (rules, fault) => {
    expect(faultOf(rules)).toMatchObject({ fault, field: Object.keys(rules)[0] });
  });

  it('checks the file template under either policy', () => {
    checkNameRules({ ...DEFAULT_NAME_RULES, policy: 'streamName' });
    expect(faultOf({ policy: 'streamName', fileTemplate: '{steamName}' })).toMatchObject({
      fault: 'unknown_element',
    });
  });
});
