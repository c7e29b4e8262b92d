/** Names of the tables of keys in memory. They are no metrics: those begin with `inband_`. */
export const CLIENTS_TABLE = 'top-clients';
export const TARGETS_TABLE = 'top-targets';
export const HOSTS_TABLE = 'top-hosts';
