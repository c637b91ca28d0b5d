import { describe, expect, test } from '@jest/globals';
import { networkOf } from './client.js';

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
