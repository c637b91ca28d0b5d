import { describe, expect, test } from '@jest/globals';
import { addressOf, networkOf } from './client.js';

describe('The address of a client', () => {
  const seen = (trusted: number, forwarded?: string, socket?: string): string | undefined =>
    addressOf({ app: { get: () => trusted }, get: () => forwarded, socket: { remoteAddress: socket } } as unknown as Parameters<typeof addressOf>[0]);

  test('is the socket’s or API Gateway’s, whatever X-Forwarded-For says, where no proxy is trusted', () => {
    expect(seen(0, '203.0.113.7', '192.0.2.1')).toBe('192.0.2.1');
    expect(seen(0, '203.0.113.7')).toBeUndefined();
  });

  test('is what the first of the trusted proxies has appended, and nothing before it', () => {
    expect(seen(1, '10.0.0.1, 203.0.113.7', '192.0.2.1')).toBe('203.0.113.7');
    expect(seen(2, '10.0.0.1,203.0.113.7, 198.51.100.2', '192.0.2.1')).toBe('203.0.113.7');
  });

  test('is not known where the proxies have not appended theirs', () => {
    expect(seen(2, '203.0.113.7')).toBeUndefined();
    expect(networkOf(seen(1, undefined, '192.0.2.1'))).toBeUndefined();
  });
});

describe('A client', () => {
  test.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::FFFF:192.0.2.7', '192.0.2.7'],
    ['192.0.2.7:51234', '192.0.2.7'],
    ['2001:db8:1:2::', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::81', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002:ffff:ffff:ffff:ffff', '2001:db8:1:2::/64'],
    ['[2001:db8:1:2::81]:443', '2001:db8:1:2::/64'],
    ['2001:db8:1:3::1', '2001:db8:1:3::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['64:ff9b::192.0.2.33', '64:ff9b:0:0::/64'],
  ])('at %s is %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });

  test.each([undefined, '', 'unknown', '_hidden', '1.2.3', '1.2.3.4.5', '2001:db8'])('whose address is %s is not known', (address) => {
    expect(networkOf(address)).toBeUndefined();
  });
});
