import { defineConfig } from "vite";

// Nothing may be inlined: the page runs under script-src 'self'; style-src 'self'; trusted-types 'none'.
export default defineConfig({
	oxc: { jsx: { importSource: "preact" } },
	build: {
		outDir: "dist",
		target: "es2022",
		assetsInlineLimit: 0,
		modulePreload: { polyfill: false },
		reportCompressedSize: false,
		rolldownOptions: {
			output: {
				// What only a page that writes boards loads has a budget of its own, found by this name.
				chunkFileNames: (chunk) =>
					[chunk.facadeModuleId ?? "", ...chunk.moduleIds].some((id) => /node_modules\/(esptool-js|pako)\//.test(id))
						? "assets/flasher-[name]-[hash].js"
						: "assets/[name]-[hash].js",
			},
		},
	},
	server: {
		proxy: {
			"/api": "http://127.0.0.1:8790",
			"/mock": "http://127.0.0.1:8790",
		},
	},
});
