import { describe, expect, test } from 'vitest';
import { describeNeeds } from '../../lab/needs.js';

describe('what the machine lacks', () => {
  test('is told in one message, each with the command that mends it', () => {
    const text = describeNeeds({
      root: false,
      controlGroupsV1: false,
      packages: ['mmdebstrap', 'nftables'],
      go: { programs: ['labkube-v1.37.1-linux-amd64'], found: 'go1.19' },
    });
    expect(text.split('\n')).toHaveLength(5);
    expect(text).toContain('sudo');
    expect(text).toContain('systemd.unified_cgroup_hierarchy=0');
    expect(text).toContain('apt-get update && apt-get install -y mmdebstrap nftables');
    expect(text).toMatch(/Go 1\.26 or newer \(this is go1\.19\).*labkube-v1\.37\.1/);
  });

  test('is not told when it is there', () => {
    const text = describeNeeds({ root: true, controlGroupsV1: true, packages: ['xz-utils'], go: undefined });
    expect(text.split('\n')).toHaveLength(2);
  });
});
