// Makes what deploy/monitoring has for Prometheus and Grafana, from the built-in alerts and signals.
import { writeFileSync } from 'node:fs';
import { overviewDashboard } from './lib/grafana-dashboards.ts';
import { prometheusRules } from './lib/prometheus-rules.ts';

const folder = new URL('../deploy/monitoring/', import.meta.url);
writeFileSync(new URL('budao.rules.yml', folder), prometheusRules());
writeFileSync(new URL('dashboards/budao-overview.json', folder), overviewDashboard());
