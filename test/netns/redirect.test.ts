import { describeRequiring } from '../support/requires.ts';
import { LAB_NEEDS } from './lab.ts';
import { transparentBehaviour } from './transparent-behaviour.ts';

const FORCED = `
table inet forced {
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "clients" tcp dport 81 redirect to :3131
  }
}
`;

describeRequiring(LAB_NEEDS, 'transparent: redirect', () => {
  transparentBehaviour({ transparent: 'redirect', heading: 'REDIRECT', port: 3129, forcedRules: FORCED }, () => {});
});
