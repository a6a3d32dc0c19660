import { type ThemeConfig, theme } from 'antd';
import type { ThemeName } from './preferences.ts';

const fontFamily =
  '-apple-system, BlinkMacSystemFont, "Segoe UI", "PingFang SC", "HarmonyOS Sans SC", "MiSans", "Microsoft YaHei UI", "Microsoft YaHei", "Noto Sans", "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Helvetica Neue", Arial, sans-serif';

/** The same palette as base.css, for the components of the library. */
const palettes = {
  light: {
    primary: '#1f6f66',
    container: '#ffffff',
    layout: '#f7f6f3',
    text: '#1d2321',
    faint: '#626c67',
    border: '#e2e0da',
    control: '#8a938e',
    chosen: '#e3f0ed',
    onPrimary: '#ffffff',
    good: '#2e7d4f',
    warn: '#8d5e00',
    bad: '#b3372f',
  },
  dark: {
    primary: '#4fae9f',
    container: '#1b1f1e',
    layout: '#131615',
    text: '#e6e9e7',
    faint: '#909a95',
    border: '#323836',
    control: '#77817c',
    chosen: '#1c322e',
    onPrimary: '#0c1715',
    good: '#62b884',
    warn: '#d9a945',
    bad: '#ea7d74',
  },
} as const;

export function antdTheme(name: ThemeName, reducedMotion: boolean): ThemeConfig {
  const palette = palettes[name];
  return {
    algorithm: name === 'dark' ? theme.darkAlgorithm : theme.defaultAlgorithm,
    token: {
      colorPrimary: palette.primary,
      colorInfo: palette.primary,
      colorLink: palette.primary,
      colorBgContainer: palette.container,
      colorBgLayout: palette.layout,
      colorBgElevated: name === 'dark' ? '#232827' : '#ffffff',
      colorSuccess: palette.good,
      colorWarning: palette.warn,
      colorError: palette.bad,
      colorTextBase: palette.text,
      colorTextPlaceholder: palette.faint,
      colorTextDescription: palette.faint,
      colorBorder: palette.border,
      controlItemBgActive: palette.chosen,
      controlItemBgActiveHover: palette.chosen,
      borderRadius: 8,
      fontFamily,
      fontSize: 14,
      motion: !reducedMotion,
    },
    components: {
      // With the round corners of everything else it would look like one of several to choose from.
      Checkbox: { borderRadiusSM: 4, colorBorder: palette.control },
      Radio: { colorBorder: palette.control },
      Button: {
        primaryColor: palette.onPrimary,
        dangerColor: palette.onPrimary,
        primaryShadow: 'none',
        defaultShadow: 'none',
        dangerShadow: 'none',
      },
    },
  };
}
