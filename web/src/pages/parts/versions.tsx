import { Icon } from "../../ui/icon.tsx";

interface VersionProps {
	version: string | null;
	target?: string | null;
}

/** The running version, and where it is going when that differs. A change is lit up for a moment. */
export function Version({ version, target }: VersionProps) {
	return (
		<span class="version">
			<span key={version ?? ""} class={version === null ? "muted" : "changed"}>
				{version ?? "unknown"}
			</span>
			{target && target !== version ? (
				<span class="version-target">
					<Icon name="arrow" size={12} />
					<span class="sr">, to become </span>
					{target}
				</span>
			) : null}
		</span>
	);
}
