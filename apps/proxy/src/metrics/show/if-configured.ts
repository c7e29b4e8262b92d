import type { MetricsView, ShownMetrics } from './metrics-view.ts';

/** Loads what shows metrics, and begins. The caller closes it. */
export async function viewMetrics(shown: ShownMetrics): Promise<MetricsView> {
  const { MetricsView: View } = await import('./metrics-view.ts');
  return new View(shown);
}
