import { describeRequiring } from '../support/requires.ts';
import { LAB_NEEDS } from './lab.ts';
import { transparentBehaviour } from './transparent-behaviour.ts';

const FORCED = `
table inet forced {
  chain prerouting {
    type filter hook prerouting priority mangle; policy accept;
    iifname "clients" tcp dport 81 tproxy to :3131 meta mark set 1 accept
  }
}
`;

describeRequiring(LAB_NEEDS, 'transparent: tproxy', () => {
  transparentBehaviour({ transparent: 'tproxy', heading: 'TPROXY', port: 3130, forcedRules: FORCED }, () => {});
});
