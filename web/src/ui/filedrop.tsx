import { useId, useRef, useState } from "preact/hooks";
import { Icon } from "./icon.tsx";

interface FileDropProps {
	label: string;
	hint: string;
	multiple?: boolean;
	accept?: string;
	onFiles: (files: File[]) => void;
	error?: string;
}

/** Takes files by drop, by click and by keyboard. */
export function FileDrop({ label, hint, multiple = false, accept, onFiles, error }: FileDropProps) {
	const [over, setOver] = useState(false);
	const input = useRef<HTMLInputElement>(null);
	const id = useId();
	const take = (files: FileList | null | undefined) => {
		if (files && files.length > 0) onFiles(Array.from(files));
		if (input.current) input.current.value = "";
	};
	return (
		<div class={error ? "field wrong" : "field"}>
			<label
				class={over ? "drop over" : "drop"}
				for={id}
				onDragOver={(e) => {
					e.preventDefault();
					setOver(true);
				}}
				onDragLeave={() => setOver(false)}
				onDrop={(e) => {
					e.preventDefault();
					setOver(false);
					take(e.dataTransfer?.files);
				}}
			>
				<Icon name="upload" size={20} />
				<span class="drop-text">
					<strong>{label}</strong>
					<span class="muted small">{hint}</span>
				</span>
				<input
					ref={input}
					id={id}
					class="drop-input"
					type="file"
					multiple={multiple}
					accept={accept}
					aria-invalid={error ? true : undefined}
					aria-describedby={error ? `${id}-error` : undefined}
					onChange={(e) => take(e.currentTarget.files)}
				/>
			</label>
			{error ? (
				<p class="field-error" id={`${id}-error`}>
					{error}
				</p>
			) : null}
		</div>
	);
}
