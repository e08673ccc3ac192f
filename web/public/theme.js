// Runs before the first paint so that a chosen theme never flashes the other one.
try {
	const theme = localStorage.getItem("otad-theme");
	if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {}
