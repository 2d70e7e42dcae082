import { describe, expect, it } from 'vitest';
import { parseInput } from '../../../../functions/core/api/validation.ts';
import {
  DEFAULT_SETTINGS,
  mergeSettings,
  recordingSettingsSchema,
  settingsOverridesSchema,
} from '../../../../functions/core/settings/settings.ts';
import { checkSource, isHostAllowed } from '../../../../functions/core/source/policy.ts';
import { DEFAULT_SOURCE_RULES } from '../../../../functions/core/source/sourceRules.ts';

const check = (url: string, rules = {}) =>
  checkSource(url, 'sourceUrl', { ...DEFAULT_SOURCE_RULES, ...rules });
const ADDRESS = 'sourceUrl is at an address that this deployment does not allow: see sources.privateNetworks';

describe('a source URL', () => {
  it.each([
    '127.0.0.1',
    '127.1',
    '2130706433',
    '0x7f.1',
    '0177.0.0.1',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '169.254.169.254',
    '169.254.170.2',
    '0',
    '10.0.0.1',
    '[fd00:ec2::254]',
  ])('with the address %s is refused for every scheme', (host) => {
    for (const scheme of DEFAULT_SOURCE_RULES.schemes) {
      expect(() => check(`${scheme}://${host}/live/key`), scheme).toThrow(ADDRESS);
    }
  });

  it('with a private address is taken where its network is allowed', () => {
    const rules = { privateNetworks: ['10.0.0.0/16', '::1/128'] };
    expect(check('rtmp://10.0.3.4/live/key', rules).host).toBe('10.0.3.4');
    expect(check('http://[::1]:80/a.flv', rules).host).toBe('[::1]');
    expect(() => check('rtmp://10.1.3.4/live/key', rules)).toThrow(ADDRESS);
  });

  it('must have a scheme that the deployment allows', () => {
    expect(() => check('http://media.example/a', { schemes: ['rtmps', 'srt'] })).toThrow(
      'sourceUrl must have one of the schemes that this deployment allows: rtmps, srt',
    );
  });

  it('must have a host that the deployment allows', () => {
    const rules = {
      hosts: ['media.example', '*.cdn.example', '198.51.100.7'],
      privateNetworks: ['198.51.100.0/24'],
    };
    for (const host of [
      'media.example',
      'MEDIA.example.',
      'a.cdn.example',
      'a.b.cdn.example',
      '198.51.100.7',
    ]) {
      expect(check(`rtmp://${host}/live/key`, rules).host).toBe(host);
    }
    for (const host of [
      'other.example',
      'cdn.example',
      'evilcdn.example',
      'x.media.example',
      '198.51.100.8',
      '8.8.8.8',
    ]) {
      expect(() => check(`rtmp://${host}/live/key`, rules), host).toThrow(
        'sourceUrl has a host that this deployment does not allow: see sources.hosts',
      );
    }
    expect(isHostAllowed('3325256711', { ...DEFAULT_SOURCE_RULES, ...rules })).toBe(true);
  });

  it.each([
    '?mode=listener',
    '?mode=rendezvous',
    '?streamid=a&mode=listener',
    '?mode=caller&mode=listener',
    '#?mode=listener',
  ])('of SRT with %s is refused: a recorder does not listen', (query) => {
    expect(() => check(`srt://media.example:9000${query}`)).toThrow('another SRT mode than caller');
  });

  it('of SRT as a caller is taken', () => {
    expect(check('srt://media.example:9000?mode=caller&streamid=mode%3Dlistener').scheme).toBe('srt');
  });
});

describe('the setting sources', () => {
  const settings = (sources: unknown) =>
    mergeSettings(DEFAULT_SETTINGS, parseInput(settingsOverridesSchema, { sources }, 'recordingDefaults'))
      .sources;

  it('is merged field by field', () => {
    expect(settings({ privateNetworks: ['10.0.0.0/16'] })).toEqual({
      ...DEFAULT_SOURCE_RULES,
      privateNetworks: ['10.0.0.0/16'],
    });
  });

  it('is the default in jobs that are older', () => {
    const { sources: _sources, ...older } = DEFAULT_SETTINGS;
    expect(recordingSettingsSchema.parse(older)).toEqual(DEFAULT_SETTINGS);
  });

  it.each([
    [{ privateNetworks: ['10.0.0.1/16'] }, 'recordingDefaults.sources.privateNetworks.0 must be a CIDR'],
    [{ privateNetworks: ['10.0.0.0'] }, 'recordingDefaults.sources.privateNetworks.0 must be a CIDR'],
    [{ hosts: ['media.*'] }, 'recordingDefaults.sources.hosts.0 must be a host name, a pattern such as'],
    [{ hosts: ['http://media.example'] }, 'recordingDefaults.sources.hosts.0 must be a host name'],
    [{ schemes: ['file'] }, 'recordingDefaults.sources.schemes.0 must be one of rtmp, rtmps'],
    [{ schemes: [] }, 'recordingDefaults.sources.schemes must be at least 1'],
    [{ private: [] }, 'recordingDefaults.sources.private is not known'],
  ])('%j is refused, with the field and the rule', (sources, message) => {
    expect(() => settings(sources)).toThrow(message);
  });
});
