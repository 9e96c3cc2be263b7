import * as $protobuf from "protobufjs";
import Long = require("long");
/** Namespace llmagentos. */
export namespace llmagentos {

    /** Namespace v1. */
    namespace v1 {

        /** Properties of a ListRequest. */
        interface IListRequest {
        }

        /** Represents a ListRequest. */
        class ListRequest implements IListRequest {

            /**
             * Constructs a new ListRequest.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.IListRequest);

            /**
             * Encodes the specified ListRequest message. Does not implicitly {@link llmagentos.v1.ListRequest.verify|verify} messages.
             * @param message ListRequest message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.IListRequest, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a ListRequest message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns ListRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.ListRequest;
        }

        /** Properties of a Name. */
        interface IName {

            /** Name name */
            name?: (string|null);
        }

        /** Represents a Name. */
        class Name implements IName {

            /**
             * Constructs a new Name.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.IName);

            /** Name name. */
            public name: string;

            /**
             * Encodes the specified Name message. Does not implicitly {@link llmagentos.v1.Name.verify|verify} messages.
             * @param message Name message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.IName, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Name message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns Name
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.Name;
        }

        /** Properties of a RunId. */
        interface IRunId {

            /** RunId runId */
            runId?: (string|null);
        }

        /** Represents a RunId. */
        class RunId implements IRunId {

            /**
             * Constructs a new RunId.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.IRunId);

            /** RunId runId. */
            public runId: string;

            /**
             * Encodes the specified RunId message. Does not implicitly {@link llmagentos.v1.RunId.verify|verify} messages.
             * @param message RunId message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.IRunId, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a RunId message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns RunId
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.RunId;
        }

        /** Properties of a RunRequest. */
        interface IRunRequest {

            /** RunRequest target */
            target?: (string|null);

            /** RunRequest input */
            input?: (string|null);

            /** RunRequest conversation */
            conversation?: (string|null);

            /** RunRequest budgetTokens */
            budgetTokens?: (number|null);

            /** RunRequest includeContext */
            includeContext?: (boolean|null);
        }

        /** Represents a RunRequest. */
        class RunRequest implements IRunRequest {

            /**
             * Constructs a new RunRequest.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.IRunRequest);

            /** RunRequest target. */
            public target: string;

            /** RunRequest input. */
            public input: string;

            /** RunRequest conversation. */
            public conversation?: (string|null);

            /** RunRequest budgetTokens. */
            public budgetTokens?: (number|null);

            /** RunRequest includeContext. */
            public includeContext: boolean;

            /**
             * Encodes the specified RunRequest message. Does not implicitly {@link llmagentos.v1.RunRequest.verify|verify} messages.
             * @param message RunRequest message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.IRunRequest, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a RunRequest message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns RunRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.RunRequest;
        }

        /** Properties of a Usage. */
        interface IUsage {

            /** Usage promptTokens */
            promptTokens?: (number|null);

            /** Usage completionTokens */
            completionTokens?: (number|null);

            /** Usage cachedTokens */
            cachedTokens?: (number|null);

            /** Usage estimated */
            estimated?: (boolean|null);
        }

        /** Represents a Usage. */
        class Usage implements IUsage {

            /**
             * Constructs a new Usage.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.IUsage);

            /** Usage promptTokens. */
            public promptTokens: number;

            /** Usage completionTokens. */
            public completionTokens: number;

            /** Usage cachedTokens. */
            public cachedTokens: number;

            /** Usage estimated. */
            public estimated?: (boolean|null);

            /**
             * Encodes the specified Usage message. Does not implicitly {@link llmagentos.v1.Usage.verify|verify} messages.
             * @param message Usage message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.IUsage, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Usage message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns Usage
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.Usage;
        }

        /** Properties of a RunReply. */
        interface IRunReply {

            /** RunReply runId */
            runId?: (string|null);

            /** RunReply target */
            target?: (string|null);

            /** RunReply output */
            output?: (string|null);

            /** RunReply usage */
            usage?: (llmagentos.v1.IUsage|null);

            /** RunReply elapsedMs */
            elapsedMs?: (number|null);

            /** RunReply sources */
            sources?: (string[]|null);

            /** RunReply contextJson */
            contextJson?: (string|null);

            /** RunReply finish */
            finish?: (string|null);
        }

        /** Represents a RunReply. */
        class RunReply implements IRunReply {

            /**
             * Constructs a new RunReply.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.IRunReply);

            /** RunReply runId. */
            public runId: string;

            /** RunReply target. */
            public target: string;

            /** RunReply output. */
            public output: string;

            /** RunReply usage. */
            public usage?: (llmagentos.v1.IUsage|null);

            /** RunReply elapsedMs. */
            public elapsedMs: number;

            /** RunReply sources. */
            public sources: string[];

            /** RunReply contextJson. */
            public contextJson?: (string|null);

            /** RunReply finish. */
            public finish: string;

            /**
             * Encodes the specified RunReply message. Does not implicitly {@link llmagentos.v1.RunReply.verify|verify} messages.
             * @param message RunReply message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.IRunReply, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a RunReply message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns RunReply
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.RunReply;
        }

        /** Properties of a RunEvent. */
        interface IRunEvent {

            /** RunEvent start */
            start?: (llmagentos.v1.IRunStarted|null);

            /** RunEvent stepStarted */
            stepStarted?: (llmagentos.v1.IStepStarted|null);

            /** RunEvent stepFinished */
            stepFinished?: (llmagentos.v1.IStepFinished|null);

            /** RunEvent stepFailed */
            stepFailed?: (llmagentos.v1.IStepFailed|null);

            /** RunEvent token */
            token?: (llmagentos.v1.IToken|null);

            /** RunEvent toolCalled */
            toolCalled?: (llmagentos.v1.IToolCalled|null);

            /** RunEvent toolEnded */
            toolEnded?: (llmagentos.v1.IToolEnded|null);

            /** RunEvent end */
            end?: (llmagentos.v1.IRunReply|null);
        }

        /** Represents a RunEvent. */
        class RunEvent implements IRunEvent {

            /**
             * Constructs a new RunEvent.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.IRunEvent);

            /** RunEvent start. */
            public start?: (llmagentos.v1.IRunStarted|null);

            /** RunEvent stepStarted. */
            public stepStarted?: (llmagentos.v1.IStepStarted|null);

            /** RunEvent stepFinished. */
            public stepFinished?: (llmagentos.v1.IStepFinished|null);

            /** RunEvent stepFailed. */
            public stepFailed?: (llmagentos.v1.IStepFailed|null);

            /** RunEvent token. */
            public token?: (llmagentos.v1.IToken|null);

            /** RunEvent toolCalled. */
            public toolCalled?: (llmagentos.v1.IToolCalled|null);

            /** RunEvent toolEnded. */
            public toolEnded?: (llmagentos.v1.IToolEnded|null);

            /** RunEvent end. */
            public end?: (llmagentos.v1.IRunReply|null);

            /** RunEvent event. */
            public event?: ("start"|"stepStarted"|"stepFinished"|"stepFailed"|"token"|"toolCalled"|"toolEnded"|"end");

            /**
             * Encodes the specified RunEvent message. Does not implicitly {@link llmagentos.v1.RunEvent.verify|verify} messages.
             * @param message RunEvent message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.IRunEvent, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a RunEvent message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns RunEvent
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.RunEvent;
        }

        /** Properties of a RunStarted. */
        interface IRunStarted {

            /** RunStarted runId */
            runId?: (string|null);

            /** RunStarted target */
            target?: (string|null);

            /** RunStarted resumed */
            resumed?: (boolean|null);
        }

        /** Represents a RunStarted. */
        class RunStarted implements IRunStarted {

            /**
             * Constructs a new RunStarted.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.IRunStarted);

            /** RunStarted runId. */
            public runId: string;

            /** RunStarted target. */
            public target: string;

            /** RunStarted resumed. */
            public resumed: boolean;

            /**
             * Encodes the specified RunStarted message. Does not implicitly {@link llmagentos.v1.RunStarted.verify|verify} messages.
             * @param message RunStarted message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.IRunStarted, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a RunStarted message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns RunStarted
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.RunStarted;
        }

        /** Properties of a StepStarted. */
        interface IStepStarted {

            /** StepStarted step */
            step?: (string|null);

            /** StepStarted agent */
            agent?: (string|null);
        }

        /** Represents a StepStarted. */
        class StepStarted implements IStepStarted {

            /**
             * Constructs a new StepStarted.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.IStepStarted);

            /** StepStarted step. */
            public step: string;

            /** StepStarted agent. */
            public agent: string;

            /**
             * Encodes the specified StepStarted message. Does not implicitly {@link llmagentos.v1.StepStarted.verify|verify} messages.
             * @param message StepStarted message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.IStepStarted, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a StepStarted message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns StepStarted
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.StepStarted;
        }

        /** Properties of a StepFinished. */
        interface IStepFinished {

            /** StepFinished step */
            step?: (string|null);

            /** StepFinished agent */
            agent?: (string|null);

            /** StepFinished output */
            output?: (string|null);

            /** StepFinished elapsedMs */
            elapsedMs?: (number|null);

            /** StepFinished usage */
            usage?: (llmagentos.v1.IUsage|null);

            /** StepFinished finish */
            finish?: (string|null);

            /** StepFinished model */
            model?: (string|null);
        }

        /** Represents a StepFinished. */
        class StepFinished implements IStepFinished {

            /**
             * Constructs a new StepFinished.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.IStepFinished);

            /** StepFinished step. */
            public step: string;

            /** StepFinished agent. */
            public agent: string;

            /** StepFinished output. */
            public output: string;

            /** StepFinished elapsedMs. */
            public elapsedMs: number;

            /** StepFinished usage. */
            public usage?: (llmagentos.v1.IUsage|null);

            /** StepFinished finish. */
            public finish?: (string|null);

            /** StepFinished model. */
            public model?: (string|null);

            /**
             * Encodes the specified StepFinished message. Does not implicitly {@link llmagentos.v1.StepFinished.verify|verify} messages.
             * @param message StepFinished message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.IStepFinished, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a StepFinished message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns StepFinished
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.StepFinished;
        }

        /** Properties of a StepFailed. */
        interface IStepFailed {

            /** StepFailed step */
            step?: (string|null);

            /** StepFailed agent */
            agent?: (string|null);

            /** StepFailed code */
            code?: (string|null);

            /** StepFailed message */
            message?: (string|null);

            /** StepFailed elapsedMs */
            elapsedMs?: (number|null);
        }

        /** Represents a StepFailed. */
        class StepFailed implements IStepFailed {

            /**
             * Constructs a new StepFailed.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.IStepFailed);

            /** StepFailed step. */
            public step: string;

            /** StepFailed agent. */
            public agent: string;

            /** StepFailed code. */
            public code: string;

            /** StepFailed message. */
            public message: string;

            /** StepFailed elapsedMs. */
            public elapsedMs: number;

            /**
             * Encodes the specified StepFailed message. Does not implicitly {@link llmagentos.v1.StepFailed.verify|verify} messages.
             * @param message StepFailed message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.IStepFailed, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a StepFailed message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns StepFailed
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.StepFailed;
        }

        /** Properties of a Token. */
        interface IToken {

            /** Token step */
            step?: (string|null);

            /** Token agent */
            agent?: (string|null);

            /** Token text */
            text?: (string|null);
        }

        /** Represents a Token. */
        class Token implements IToken {

            /**
             * Constructs a new Token.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.IToken);

            /** Token step. */
            public step: string;

            /** Token agent. */
            public agent: string;

            /** Token text. */
            public text: string;

            /**
             * Encodes the specified Token message. Does not implicitly {@link llmagentos.v1.Token.verify|verify} messages.
             * @param message Token message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.IToken, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Token message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns Token
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.Token;
        }

        /** Properties of a ToolCalled. */
        interface IToolCalled {

            /** ToolCalled step */
            step?: (string|null);

            /** ToolCalled agent */
            agent?: (string|null);

            /** ToolCalled tool */
            tool?: (string|null);

            /** ToolCalled callId */
            callId?: (string|null);

            /** ToolCalled argumentsJson */
            argumentsJson?: (string|null);
        }

        /** Represents a ToolCalled. */
        class ToolCalled implements IToolCalled {

            /**
             * Constructs a new ToolCalled.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.IToolCalled);

            /** ToolCalled step. */
            public step: string;

            /** ToolCalled agent. */
            public agent: string;

            /** ToolCalled tool. */
            public tool: string;

            /** ToolCalled callId. */
            public callId: string;

            /** ToolCalled argumentsJson. */
            public argumentsJson: string;

            /**
             * Encodes the specified ToolCalled message. Does not implicitly {@link llmagentos.v1.ToolCalled.verify|verify} messages.
             * @param message ToolCalled message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.IToolCalled, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a ToolCalled message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns ToolCalled
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.ToolCalled;
        }

        /** Properties of a ToolEnded. */
        interface IToolEnded {

            /** ToolEnded step */
            step?: (string|null);

            /** ToolEnded agent */
            agent?: (string|null);

            /** ToolEnded tool */
            tool?: (string|null);

            /** ToolEnded callId */
            callId?: (string|null);

            /** ToolEnded status */
            status?: (string|null);

            /** ToolEnded text */
            text?: (string|null);

            /** ToolEnded elapsedMs */
            elapsedMs?: (number|null);
        }

        /** Represents a ToolEnded. */
        class ToolEnded implements IToolEnded {

            /**
             * Constructs a new ToolEnded.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.IToolEnded);

            /** ToolEnded step. */
            public step: string;

            /** ToolEnded agent. */
            public agent: string;

            /** ToolEnded tool. */
            public tool: string;

            /** ToolEnded callId. */
            public callId: string;

            /** ToolEnded status. */
            public status: string;

            /** ToolEnded text. */
            public text: string;

            /** ToolEnded elapsedMs. */
            public elapsedMs: number;

            /**
             * Encodes the specified ToolEnded message. Does not implicitly {@link llmagentos.v1.ToolEnded.verify|verify} messages.
             * @param message ToolEnded message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.IToolEnded, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a ToolEnded message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns ToolEnded
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.ToolEnded;
        }

        /** Properties of a RunStatus. */
        interface IRunStatus {

            /** RunStatus runId */
            runId?: (string|null);

            /** RunStatus target */
            target?: (string|null);

            /** RunStatus state */
            state?: (string|null);

            /** RunStatus output */
            output?: (string|null);

            /** RunStatus errorCode */
            errorCode?: (string|null);

            /** RunStatus errorMessage */
            errorMessage?: (string|null);

            /** RunStatus error */
            error?: (llmagentos.v1.IRunError|null);

            /** RunStatus caller */
            caller?: (string|null);
        }

        /** Represents a RunStatus. */
        class RunStatus implements IRunStatus {

            /**
             * Constructs a new RunStatus.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.IRunStatus);

            /** RunStatus runId. */
            public runId: string;

            /** RunStatus target. */
            public target: string;

            /** RunStatus state. */
            public state: string;

            /** RunStatus output. */
            public output?: (string|null);

            /** RunStatus errorCode. */
            public errorCode?: (string|null);

            /** RunStatus errorMessage. */
            public errorMessage?: (string|null);

            /** RunStatus error. */
            public error?: (llmagentos.v1.IRunError|null);

            /** RunStatus caller. */
            public caller?: (string|null);

            /**
             * Encodes the specified RunStatus message. Does not implicitly {@link llmagentos.v1.RunStatus.verify|verify} messages.
             * @param message RunStatus message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.IRunStatus, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a RunStatus message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns RunStatus
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.RunStatus;
        }

        /** Properties of a RunError. */
        interface IRunError {

            /** RunError code */
            code?: (string|null);

            /** RunError message */
            message?: (string|null);

            /** RunError retryable */
            retryable?: (boolean|null);

            /** RunError executed */
            executed?: (string|null);

            /** RunError detailsJson */
            detailsJson?: (string|null);
        }

        /** Represents a RunError. */
        class RunError implements IRunError {

            /**
             * Constructs a new RunError.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.IRunError);

            /** RunError code. */
            public code: string;

            /** RunError message. */
            public message: string;

            /** RunError retryable. */
            public retryable?: (boolean|null);

            /** RunError executed. */
            public executed?: (string|null);

            /** RunError detailsJson. */
            public detailsJson?: (string|null);

            /**
             * Encodes the specified RunError message. Does not implicitly {@link llmagentos.v1.RunError.verify|verify} messages.
             * @param message RunError message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.IRunError, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a RunError message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns RunError
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.RunError;
        }

        /** Properties of an Activity. */
        interface IActivity {

            /** Activity id */
            id?: (number|null);

            /** Activity runId */
            runId?: (string|null);

            /** Activity target */
            target?: (string|null);

            /** Activity caller */
            caller?: (string|null);

            /** Activity state */
            state?: (string|null);

            /** Activity startedAt */
            startedAt?: (number|null);

            /** Activity elapsedMs */
            elapsedMs?: (number|null);

            /** Activity code */
            code?: (string|null);
        }

        /** Represents an Activity. */
        class Activity implements IActivity {

            /**
             * Constructs a new Activity.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.IActivity);

            /** Activity id. */
            public id: number;

            /** Activity runId. */
            public runId?: (string|null);

            /** Activity target. */
            public target: string;

            /** Activity caller. */
            public caller: string;

            /** Activity state. */
            public state: string;

            /** Activity startedAt. */
            public startedAt: number;

            /** Activity elapsedMs. */
            public elapsedMs?: (number|null);

            /** Activity code. */
            public code?: (string|null);

            /**
             * Encodes the specified Activity message. Does not implicitly {@link llmagentos.v1.Activity.verify|verify} messages.
             * @param message Activity message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.IActivity, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an Activity message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns Activity
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.Activity;
        }

        /** Properties of a RunList. */
        interface IRunList {

            /** RunList runs */
            runs?: (llmagentos.v1.IActivity[]|null);
        }

        /** Represents a RunList. */
        class RunList implements IRunList {

            /**
             * Constructs a new RunList.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.IRunList);

            /** RunList runs. */
            public runs: llmagentos.v1.IActivity[];

            /**
             * Encodes the specified RunList message. Does not implicitly {@link llmagentos.v1.RunList.verify|verify} messages.
             * @param message RunList message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.IRunList, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a RunList message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns RunList
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.RunList;
        }

        /** Properties of a CancelReply. */
        interface ICancelReply {

            /** CancelReply cancelled */
            cancelled?: (boolean|null);
        }

        /** Represents a CancelReply. */
        class CancelReply implements ICancelReply {

            /**
             * Constructs a new CancelReply.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.ICancelReply);

            /** CancelReply cancelled. */
            public cancelled: boolean;

            /**
             * Encodes the specified CancelReply message. Does not implicitly {@link llmagentos.v1.CancelReply.verify|verify} messages.
             * @param message CancelReply message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.ICancelReply, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a CancelReply message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns CancelReply
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.CancelReply;
        }

        /** Properties of an Agent. */
        interface IAgent {

            /** Agent name */
            name?: (string|null);

            /** Agent description */
            description?: (string|null);

            /** Agent model */
            model?: (string|null);

            /** Agent state */
            state?: (string|null);

            /** Agent replicas */
            replicas?: (number|null);

            /** Agent queued */
            queued?: (number|null);

            /** Agent tools */
            tools?: (string[]|null);

            /** Agent nodes */
            nodes?: (llmagentos.v1.IAgentOnNode[]|null);
        }

        /** Represents an Agent. */
        class Agent implements IAgent {

            /**
             * Constructs a new Agent.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.IAgent);

            /** Agent name. */
            public name: string;

            /** Agent description. */
            public description: string;

            /** Agent model. */
            public model: string;

            /** Agent state. */
            public state: string;

            /** Agent replicas. */
            public replicas: number;

            /** Agent queued. */
            public queued: number;

            /** Agent tools. */
            public tools: string[];

            /** Agent nodes. */
            public nodes: llmagentos.v1.IAgentOnNode[];

            /**
             * Encodes the specified Agent message. Does not implicitly {@link llmagentos.v1.Agent.verify|verify} messages.
             * @param message Agent message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.IAgent, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an Agent message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns Agent
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.Agent;
        }

        /** Properties of an AgentOnNode. */
        interface IAgentOnNode {

            /** AgentOnNode node */
            node?: (string|null);

            /** AgentOnNode state */
            state?: (string|null);

            /** AgentOnNode replicas */
            replicas?: (number|null);

            /** AgentOnNode queued */
            queued?: (number|null);
        }

        /** Represents an AgentOnNode. */
        class AgentOnNode implements IAgentOnNode {

            /**
             * Constructs a new AgentOnNode.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.IAgentOnNode);

            /** AgentOnNode node. */
            public node: string;

            /** AgentOnNode state. */
            public state: string;

            /** AgentOnNode replicas. */
            public replicas: number;

            /** AgentOnNode queued. */
            public queued: number;

            /**
             * Encodes the specified AgentOnNode message. Does not implicitly {@link llmagentos.v1.AgentOnNode.verify|verify} messages.
             * @param message AgentOnNode message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.IAgentOnNode, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an AgentOnNode message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns AgentOnNode
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.AgentOnNode;
        }

        /** Properties of an AgentList. */
        interface IAgentList {

            /** AgentList agents */
            agents?: (llmagentos.v1.IAgent[]|null);
        }

        /** Represents an AgentList. */
        class AgentList implements IAgentList {

            /**
             * Constructs a new AgentList.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.IAgentList);

            /** AgentList agents. */
            public agents: llmagentos.v1.IAgent[];

            /**
             * Encodes the specified AgentList message. Does not implicitly {@link llmagentos.v1.AgentList.verify|verify} messages.
             * @param message AgentList message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.IAgentList, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an AgentList message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns AgentList
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.AgentList;
        }

        /** Properties of a ReplicateRequest. */
        interface IReplicateRequest {

            /** ReplicateRequest name */
            name?: (string|null);

            /** ReplicateRequest count */
            count?: (number|null);
        }

        /** Represents a ReplicateRequest. */
        class ReplicateRequest implements IReplicateRequest {

            /**
             * Constructs a new ReplicateRequest.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.IReplicateRequest);

            /** ReplicateRequest name. */
            public name: string;

            /** ReplicateRequest count. */
            public count: number;

            /**
             * Encodes the specified ReplicateRequest message. Does not implicitly {@link llmagentos.v1.ReplicateRequest.verify|verify} messages.
             * @param message ReplicateRequest message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.IReplicateRequest, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a ReplicateRequest message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns ReplicateRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.ReplicateRequest;
        }

        /** Properties of a Topology. */
        interface ITopology {

            /** Topology name */
            name?: (string|null);

            /** Topology description */
            description?: (string|null);

            /** Topology agents */
            agents?: (string[]|null);

            /** Topology definitionJson */
            definitionJson?: (string|null);
        }

        /** Represents a Topology. */
        class Topology implements ITopology {

            /**
             * Constructs a new Topology.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.ITopology);

            /** Topology name. */
            public name: string;

            /** Topology description. */
            public description: string;

            /** Topology agents. */
            public agents: string[];

            /** Topology definitionJson. */
            public definitionJson?: (string|null);

            /**
             * Encodes the specified Topology message. Does not implicitly {@link llmagentos.v1.Topology.verify|verify} messages.
             * @param message Topology message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.ITopology, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Topology message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns Topology
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.Topology;
        }

        /** Properties of a TopologyList. */
        interface ITopologyList {

            /** TopologyList topologies */
            topologies?: (llmagentos.v1.ITopology[]|null);
        }

        /** Represents a TopologyList. */
        class TopologyList implements ITopologyList {

            /**
             * Constructs a new TopologyList.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.ITopologyList);

            /** TopologyList topologies. */
            public topologies: llmagentos.v1.ITopology[];

            /**
             * Encodes the specified TopologyList message. Does not implicitly {@link llmagentos.v1.TopologyList.verify|verify} messages.
             * @param message TopologyList message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.ITopologyList, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a TopologyList message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns TopologyList
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.TopologyList;
        }

        /** Properties of a Document. */
        interface IDocument {

            /** Document id */
            id?: (string|null);

            /** Document format */
            format?: (string|null);

            /** Document content */
            content?: (Uint8Array|null);

            /** Document folder */
            folder?: (string|null);
        }

        /** Represents a Document. */
        class Document implements IDocument {

            /**
             * Constructs a new Document.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.IDocument);

            /** Document id. */
            public id: string;

            /** Document format. */
            public format: string;

            /** Document content. */
            public content: Uint8Array;

            /** Document folder. */
            public folder?: (string|null);

            /**
             * Encodes the specified Document message. Does not implicitly {@link llmagentos.v1.Document.verify|verify} messages.
             * @param message Document message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.IDocument, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Document message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns Document
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.Document;
        }

        /** Properties of an AddDocumentReply. */
        interface IAddDocumentReply {

            /** AddDocumentReply chunks */
            chunks?: (number|null);

            /** AddDocumentReply unchanged */
            unchanged?: (boolean|null);

            /** AddDocumentReply notes */
            notes?: (string[]|null);

            /** AddDocumentReply id */
            id?: (string|null);
        }

        /** Represents an AddDocumentReply. */
        class AddDocumentReply implements IAddDocumentReply {

            /**
             * Constructs a new AddDocumentReply.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.IAddDocumentReply);

            /** AddDocumentReply chunks. */
            public chunks: number;

            /** AddDocumentReply unchanged. */
            public unchanged: boolean;

            /** AddDocumentReply notes. */
            public notes: string[];

            /** AddDocumentReply id. */
            public id: string;

            /**
             * Encodes the specified AddDocumentReply message. Does not implicitly {@link llmagentos.v1.AddDocumentReply.verify|verify} messages.
             * @param message AddDocumentReply message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.IAddDocumentReply, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an AddDocumentReply message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns AddDocumentReply
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.AddDocumentReply;
        }

        /** Properties of a DocumentEntry. */
        interface IDocumentEntry {

            /** DocumentEntry id */
            id?: (string|null);

            /** DocumentEntry chunks */
            chunks?: (number|null);

            /** DocumentEntry bytes */
            bytes?: (number|null);

            /** DocumentEntry notes */
            notes?: (string[]|null);
        }

        /** Represents a DocumentEntry. */
        class DocumentEntry implements IDocumentEntry {

            /**
             * Constructs a new DocumentEntry.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.IDocumentEntry);

            /** DocumentEntry id. */
            public id: string;

            /** DocumentEntry chunks. */
            public chunks: number;

            /** DocumentEntry bytes. */
            public bytes: number;

            /** DocumentEntry notes. */
            public notes: string[];

            /**
             * Encodes the specified DocumentEntry message. Does not implicitly {@link llmagentos.v1.DocumentEntry.verify|verify} messages.
             * @param message DocumentEntry message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.IDocumentEntry, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a DocumentEntry message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns DocumentEntry
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.DocumentEntry;
        }

        /** Properties of a DocumentList. */
        interface IDocumentList {

            /** DocumentList documents */
            documents?: (llmagentos.v1.IDocumentEntry[]|null);
        }

        /** Represents a DocumentList. */
        class DocumentList implements IDocumentList {

            /**
             * Constructs a new DocumentList.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.IDocumentList);

            /** DocumentList documents. */
            public documents: llmagentos.v1.IDocumentEntry[];

            /**
             * Encodes the specified DocumentList message. Does not implicitly {@link llmagentos.v1.DocumentList.verify|verify} messages.
             * @param message DocumentList message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.IDocumentList, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a DocumentList message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns DocumentList
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.DocumentList;
        }

        /** Properties of a DocumentId. */
        interface IDocumentId {

            /** DocumentId id */
            id?: (string|null);
        }

        /** Represents a DocumentId. */
        class DocumentId implements IDocumentId {

            /**
             * Constructs a new DocumentId.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.IDocumentId);

            /** DocumentId id. */
            public id: string;

            /**
             * Encodes the specified DocumentId message. Does not implicitly {@link llmagentos.v1.DocumentId.verify|verify} messages.
             * @param message DocumentId message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.IDocumentId, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a DocumentId message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns DocumentId
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.DocumentId;
        }

        /** Properties of a Removed. */
        interface IRemoved {

            /** Removed removed */
            removed?: (boolean|null);
        }

        /** Represents a Removed. */
        class Removed implements IRemoved {

            /**
             * Constructs a new Removed.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.IRemoved);

            /** Removed removed. */
            public removed: boolean;

            /**
             * Encodes the specified Removed message. Does not implicitly {@link llmagentos.v1.Removed.verify|verify} messages.
             * @param message Removed message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.IRemoved, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Removed message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns Removed
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.Removed;
        }

        /** Properties of a Fact. */
        interface IFact {

            /** Fact subject */
            subject?: (string|null);

            /** Fact relation */
            relation?: (string|null);

            /** Fact object */
            object?: (string|null);

            /** Fact source */
            source?: (string|null);
        }

        /** Represents a Fact. */
        class Fact implements IFact {

            /**
             * Constructs a new Fact.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.IFact);

            /** Fact subject. */
            public subject: string;

            /** Fact relation. */
            public relation: string;

            /** Fact object. */
            public object: string;

            /** Fact source. */
            public source?: (string|null);

            /**
             * Encodes the specified Fact message. Does not implicitly {@link llmagentos.v1.Fact.verify|verify} messages.
             * @param message Fact message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.IFact, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Fact message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns Fact
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.Fact;
        }

        /** Properties of a FactName. */
        interface IFactName {

            /** FactName subject */
            subject?: (string|null);

            /** FactName relation */
            relation?: (string|null);

            /** FactName object */
            object?: (string|null);
        }

        /** Represents a FactName. */
        class FactName implements IFactName {

            /**
             * Constructs a new FactName.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.IFactName);

            /** FactName subject. */
            public subject: string;

            /** FactName relation. */
            public relation: string;

            /** FactName object. */
            public object: string;

            /**
             * Encodes the specified FactName message. Does not implicitly {@link llmagentos.v1.FactName.verify|verify} messages.
             * @param message FactName message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.IFactName, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a FactName message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns FactName
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.FactName;
        }

        /** Properties of a FactPattern. */
        interface IFactPattern {

            /** FactPattern subject */
            subject?: (string|null);

            /** FactPattern relation */
            relation?: (string|null);

            /** FactPattern object */
            object?: (string|null);

            /** FactPattern limit */
            limit?: (number|null);
        }

        /** Represents a FactPattern. */
        class FactPattern implements IFactPattern {

            /**
             * Constructs a new FactPattern.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.IFactPattern);

            /** FactPattern subject. */
            public subject?: (string|null);

            /** FactPattern relation. */
            public relation?: (string|null);

            /** FactPattern object. */
            public object?: (string|null);

            /** FactPattern limit. */
            public limit?: (number|null);

            /**
             * Encodes the specified FactPattern message. Does not implicitly {@link llmagentos.v1.FactPattern.verify|verify} messages.
             * @param message FactPattern message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.IFactPattern, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a FactPattern message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns FactPattern
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.FactPattern;
        }

        /** Properties of a FactList. */
        interface IFactList {

            /** FactList facts */
            facts?: (llmagentos.v1.IFact[]|null);
        }

        /** Represents a FactList. */
        class FactList implements IFactList {

            /**
             * Constructs a new FactList.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.IFactList);

            /** FactList facts. */
            public facts: llmagentos.v1.IFact[];

            /**
             * Encodes the specified FactList message. Does not implicitly {@link llmagentos.v1.FactList.verify|verify} messages.
             * @param message FactList message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.IFactList, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a FactList message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns FactList
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.FactList;
        }

        /** Properties of a RecordsRequest. */
        interface IRecordsRequest {

            /** RecordsRequest type */
            type?: (string|null);

            /** RecordsRequest whereJson */
            whereJson?: (string|null);

            /** RecordsRequest limit */
            limit?: (number|null);
        }

        /** Represents a RecordsRequest. */
        class RecordsRequest implements IRecordsRequest {

            /**
             * Constructs a new RecordsRequest.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.IRecordsRequest);

            /** RecordsRequest type. */
            public type: string;

            /** RecordsRequest whereJson. */
            public whereJson?: (string|null);

            /** RecordsRequest limit. */
            public limit?: (number|null);

            /**
             * Encodes the specified RecordsRequest message. Does not implicitly {@link llmagentos.v1.RecordsRequest.verify|verify} messages.
             * @param message RecordsRequest message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.IRecordsRequest, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a RecordsRequest message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns RecordsRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.RecordsRequest;
        }

        /** Properties of a Record. */
        interface IRecord {

            /** Record id */
            id?: (string|null);

            /** Record recordJson */
            recordJson?: (string|null);
        }

        /** Represents a Record. */
        class Record implements IRecord {

            /**
             * Constructs a new Record.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.IRecord);

            /** Record id. */
            public id: string;

            /** Record recordJson. */
            public recordJson: string;

            /**
             * Encodes the specified Record message. Does not implicitly {@link llmagentos.v1.Record.verify|verify} messages.
             * @param message Record message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.IRecord, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Record message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns Record
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.Record;
        }

        /** Properties of a RecordList. */
        interface IRecordList {

            /** RecordList records */
            records?: (llmagentos.v1.IRecord[]|null);
        }

        /** Represents a RecordList. */
        class RecordList implements IRecordList {

            /**
             * Constructs a new RecordList.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.IRecordList);

            /** RecordList records. */
            public records: llmagentos.v1.IRecord[];

            /**
             * Encodes the specified RecordList message. Does not implicitly {@link llmagentos.v1.RecordList.verify|verify} messages.
             * @param message RecordList message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.IRecordList, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a RecordList message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns RecordList
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.RecordList;
        }

        /** Properties of a SearchRequest. */
        interface ISearchRequest {

            /** SearchRequest query */
            query?: (string|null);

            /** SearchRequest limit */
            limit?: (number|null);
        }

        /** Represents a SearchRequest. */
        class SearchRequest implements ISearchRequest {

            /**
             * Constructs a new SearchRequest.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.ISearchRequest);

            /** SearchRequest query. */
            public query: string;

            /** SearchRequest limit. */
            public limit?: (number|null);

            /**
             * Encodes the specified SearchRequest message. Does not implicitly {@link llmagentos.v1.SearchRequest.verify|verify} messages.
             * @param message SearchRequest message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.ISearchRequest, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a SearchRequest message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns SearchRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.SearchRequest;
        }

        /** Properties of a SearchHit. */
        interface ISearchHit {

            /** SearchHit text */
            text?: (string|null);

            /** SearchHit source */
            source?: (string|null);

            /** SearchHit heading */
            heading?: (string|null);

            /** SearchHit score */
            score?: (number|null);
        }

        /** Represents a SearchHit. */
        class SearchHit implements ISearchHit {

            /**
             * Constructs a new SearchHit.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.ISearchHit);

            /** SearchHit text. */
            public text: string;

            /** SearchHit source. */
            public source: string;

            /** SearchHit heading. */
            public heading: string;

            /** SearchHit score. */
            public score: number;

            /**
             * Encodes the specified SearchHit message. Does not implicitly {@link llmagentos.v1.SearchHit.verify|verify} messages.
             * @param message SearchHit message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.ISearchHit, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a SearchHit message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns SearchHit
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.SearchHit;
        }

        /** Properties of a SearchReply. */
        interface ISearchReply {

            /** SearchReply hits */
            hits?: (llmagentos.v1.ISearchHit[]|null);
        }

        /** Represents a SearchReply. */
        class SearchReply implements ISearchReply {

            /**
             * Constructs a new SearchReply.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.ISearchReply);

            /** SearchReply hits. */
            public hits: llmagentos.v1.ISearchHit[];

            /**
             * Encodes the specified SearchReply message. Does not implicitly {@link llmagentos.v1.SearchReply.verify|verify} messages.
             * @param message SearchReply message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.ISearchReply, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a SearchReply message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns SearchReply
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.SearchReply;
        }

        /** Properties of a Model. */
        interface IModel {

            /** Model id */
            id?: (string|null);

            /** Model kind */
            kind?: (string|null);

            /** Model description */
            description?: (string|null);
        }

        /** Represents a Model. */
        class Model implements IModel {

            /**
             * Constructs a new Model.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.IModel);

            /** Model id. */
            public id: string;

            /** Model kind. */
            public kind: string;

            /** Model description. */
            public description: string;

            /**
             * Encodes the specified Model message. Does not implicitly {@link llmagentos.v1.Model.verify|verify} messages.
             * @param message Model message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.IModel, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Model message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns Model
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.Model;
        }

        /** Properties of a ModelList. */
        interface IModelList {

            /** ModelList models */
            models?: (llmagentos.v1.IModel[]|null);
        }

        /** Represents a ModelList. */
        class ModelList implements IModelList {

            /**
             * Constructs a new ModelList.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.IModelList);

            /** ModelList models. */
            public models: llmagentos.v1.IModel[];

            /**
             * Encodes the specified ModelList message. Does not implicitly {@link llmagentos.v1.ModelList.verify|verify} messages.
             * @param message ModelList message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.IModelList, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a ModelList message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns ModelList
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.ModelList;
        }

        /** Properties of an ActorsRequest. */
        interface IActorsRequest {

            /** ActorsRequest mostChildren */
            mostChildren?: (number|null);
        }

        /** Represents an ActorsRequest. */
        class ActorsRequest implements IActorsRequest {

            /**
             * Constructs a new ActorsRequest.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.IActorsRequest);

            /** ActorsRequest mostChildren. */
            public mostChildren?: (number|null);

            /**
             * Encodes the specified ActorsRequest message. Does not implicitly {@link llmagentos.v1.ActorsRequest.verify|verify} messages.
             * @param message ActorsRequest message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.IActorsRequest, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an ActorsRequest message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns ActorsRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.ActorsRequest;
        }

        /** Properties of an Actor. */
        interface IActor {

            /** Actor address */
            address?: (string|null);

            /** Actor name */
            name?: (string|null);

            /** Actor definition */
            definition?: (string|null);

            /** Actor phase */
            phase?: (string|null);

            /** Actor waiting */
            waiting?: (number|null);

            /** Actor restarts */
            restarts?: (number|null);

            /** Actor children */
            children?: (llmagentos.v1.IActor[]|null);

            /** Actor more */
            more?: (number|null);
        }

        /** Represents an Actor. */
        class Actor implements IActor {

            /**
             * Constructs a new Actor.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.IActor);

            /** Actor address. */
            public address: string;

            /** Actor name. */
            public name: string;

            /** Actor definition. */
            public definition: string;

            /** Actor phase. */
            public phase: string;

            /** Actor waiting. */
            public waiting: number;

            /** Actor restarts. */
            public restarts: number;

            /** Actor children. */
            public children: llmagentos.v1.IActor[];

            /** Actor more. */
            public more: number;

            /**
             * Encodes the specified Actor message. Does not implicitly {@link llmagentos.v1.Actor.verify|verify} messages.
             * @param message Actor message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.IActor, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an Actor message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns Actor
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.Actor;
        }

        /** Properties of a CreateKeyRequest. */
        interface ICreateKeyRequest {

            /** CreateKeyRequest name */
            name?: (string|null);

            /** CreateKeyRequest role */
            role?: (string|null);

            /** CreateKeyRequest requestsPerMinute */
            requestsPerMinute?: (number|null);

            /** CreateKeyRequest tenant */
            tenant?: (string|null);
        }

        /** Represents a CreateKeyRequest. */
        class CreateKeyRequest implements ICreateKeyRequest {

            /**
             * Constructs a new CreateKeyRequest.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.ICreateKeyRequest);

            /** CreateKeyRequest name. */
            public name: string;

            /** CreateKeyRequest role. */
            public role?: (string|null);

            /** CreateKeyRequest requestsPerMinute. */
            public requestsPerMinute?: (number|null);

            /** CreateKeyRequest tenant. */
            public tenant?: (string|null);

            /**
             * Encodes the specified CreateKeyRequest message. Does not implicitly {@link llmagentos.v1.CreateKeyRequest.verify|verify} messages.
             * @param message CreateKeyRequest message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.ICreateKeyRequest, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a CreateKeyRequest message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns CreateKeyRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.CreateKeyRequest;
        }

        /** Properties of a Key. */
        interface IKey {

            /** Key id */
            id?: (string|null);

            /** Key name */
            name?: (string|null);

            /** Key role */
            role?: (string|null);

            /** Key createdAt */
            createdAt?: (number|null);

            /** Key revokedAt */
            revokedAt?: (number|null);

            /** Key requestsPerMinute */
            requestsPerMinute?: (number|null);

            /** Key tenant */
            tenant?: (string|null);
        }

        /** Represents a Key. */
        class Key implements IKey {

            /**
             * Constructs a new Key.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.IKey);

            /** Key id. */
            public id: string;

            /** Key name. */
            public name: string;

            /** Key role. */
            public role: string;

            /** Key createdAt. */
            public createdAt: number;

            /** Key revokedAt. */
            public revokedAt?: (number|null);

            /** Key requestsPerMinute. */
            public requestsPerMinute?: (number|null);

            /** Key tenant. */
            public tenant: string;

            /**
             * Encodes the specified Key message. Does not implicitly {@link llmagentos.v1.Key.verify|verify} messages.
             * @param message Key message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.IKey, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Key message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns Key
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.Key;
        }

        /** Properties of a NewKey. */
        interface INewKey {

            /** NewKey record */
            record?: (llmagentos.v1.IKey|null);

            /** NewKey key */
            key?: (string|null);
        }

        /** Represents a NewKey. */
        class NewKey implements INewKey {

            /**
             * Constructs a new NewKey.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.INewKey);

            /** NewKey record. */
            public record?: (llmagentos.v1.IKey|null);

            /** NewKey key. */
            public key: string;

            /**
             * Encodes the specified NewKey message. Does not implicitly {@link llmagentos.v1.NewKey.verify|verify} messages.
             * @param message NewKey message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.INewKey, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a NewKey message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns NewKey
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.NewKey;
        }

        /** Properties of a KeyId. */
        interface IKeyId {

            /** KeyId id */
            id?: (string|null);
        }

        /** Represents a KeyId. */
        class KeyId implements IKeyId {

            /**
             * Constructs a new KeyId.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.IKeyId);

            /** KeyId id. */
            public id: string;

            /**
             * Encodes the specified KeyId message. Does not implicitly {@link llmagentos.v1.KeyId.verify|verify} messages.
             * @param message KeyId message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.IKeyId, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a KeyId message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns KeyId
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.KeyId;
        }

        /** Properties of a KeyList. */
        interface IKeyList {

            /** KeyList keys */
            keys?: (llmagentos.v1.IKey[]|null);
        }

        /** Represents a KeyList. */
        class KeyList implements IKeyList {

            /**
             * Constructs a new KeyList.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.IKeyList);

            /** KeyList keys. */
            public keys: llmagentos.v1.IKey[];

            /**
             * Encodes the specified KeyList message. Does not implicitly {@link llmagentos.v1.KeyList.verify|verify} messages.
             * @param message KeyList message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.IKeyList, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a KeyList message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns KeyList
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.KeyList;
        }

        /** Properties of a NodeRequest. */
        interface INodeRequest {

            /** NodeRequest node */
            node?: (string|null);
        }

        /** Represents a NodeRequest. */
        class NodeRequest implements INodeRequest {

            /**
             * Constructs a new NodeRequest.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.INodeRequest);

            /** NodeRequest node. */
            public node?: (string|null);

            /**
             * Encodes the specified NodeRequest message. Does not implicitly {@link llmagentos.v1.NodeRequest.verify|verify} messages.
             * @param message NodeRequest message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.INodeRequest, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a NodeRequest message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns NodeRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.NodeRequest;
        }

        /** Properties of a Cluster. */
        interface ICluster {

            /** Cluster name */
            name?: (string|null);

            /** Cluster node */
            node?: (string|null);

            /** Cluster ready */
            ready?: (boolean|null);

            /** Cluster registry */
            registry?: (boolean|null);

            /** Cluster shards */
            shards?: (number|null);

            /** Cluster unowned */
            unowned?: (number|null);

            /** Cluster moving */
            moving?: (number|null);

            /** Cluster members */
            members?: (llmagentos.v1.IClusterMember[]|null);

            /** Cluster waitingFor */
            waitingFor?: (string[]|null);
        }

        /** Represents a Cluster. */
        class Cluster implements ICluster {

            /**
             * Constructs a new Cluster.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.ICluster);

            /** Cluster name. */
            public name: string;

            /** Cluster node. */
            public node: string;

            /** Cluster ready. */
            public ready: boolean;

            /** Cluster registry. */
            public registry: boolean;

            /** Cluster shards. */
            public shards: number;

            /** Cluster unowned. */
            public unowned: number;

            /** Cluster moving. */
            public moving: number;

            /** Cluster members. */
            public members: llmagentos.v1.IClusterMember[];

            /** Cluster waitingFor. */
            public waitingFor: string[];

            /**
             * Encodes the specified Cluster message. Does not implicitly {@link llmagentos.v1.Cluster.verify|verify} messages.
             * @param message Cluster message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.ICluster, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Cluster message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns Cluster
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.Cluster;
        }

        /** Properties of a ClusterMember. */
        interface IClusterMember {

            /** ClusterMember name */
            name?: (string|null);

            /** ClusterMember incarnation */
            incarnation?: (number|null);

            /** ClusterMember address */
            address?: (string|null);

            /** ClusterMember status */
            status?: (string|null);

            /** ClusterMember roles */
            roles?: (string[]|null);

            /** ClusterMember capacity */
            capacity?: (number|null);

            /** ClusterMember shards */
            shards?: (number|null);

            /** ClusterMember queued */
            queued?: (number|null);
        }

        /** Represents a ClusterMember. */
        class ClusterMember implements IClusterMember {

            /**
             * Constructs a new ClusterMember.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.IClusterMember);

            /** ClusterMember name. */
            public name: string;

            /** ClusterMember incarnation. */
            public incarnation: number;

            /** ClusterMember address. */
            public address: string;

            /** ClusterMember status. */
            public status: string;

            /** ClusterMember roles. */
            public roles: string[];

            /** ClusterMember capacity. */
            public capacity: number;

            /** ClusterMember shards. */
            public shards: number;

            /** ClusterMember queued. */
            public queued?: (number|null);

            /**
             * Encodes the specified ClusterMember message. Does not implicitly {@link llmagentos.v1.ClusterMember.verify|verify} messages.
             * @param message ClusterMember message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.IClusterMember, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a ClusterMember message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns ClusterMember
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.ClusterMember;
        }

        /** Properties of a RebalanceRequest. */
        interface IRebalanceRequest {

            /** RebalanceRequest dryRun */
            dryRun?: (boolean|null);
        }

        /** Represents a RebalanceRequest. */
        class RebalanceRequest implements IRebalanceRequest {

            /**
             * Constructs a new RebalanceRequest.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.IRebalanceRequest);

            /** RebalanceRequest dryRun. */
            public dryRun: boolean;

            /**
             * Encodes the specified RebalanceRequest message. Does not implicitly {@link llmagentos.v1.RebalanceRequest.verify|verify} messages.
             * @param message RebalanceRequest message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.IRebalanceRequest, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a RebalanceRequest message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns RebalanceRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.RebalanceRequest;
        }

        /** Properties of a RebalancePlan. */
        interface IRebalancePlan {

            /** RebalancePlan dryRun */
            dryRun?: (boolean|null);

            /** RebalancePlan shares */
            shares?: (llmagentos.v1.INodeShare[]|null);

            /** RebalancePlan now */
            now?: (llmagentos.v1.IShardMove[]|null);

            /** RebalancePlan later */
            later?: (llmagentos.v1.IShardMove[]|null);

            /** RebalancePlan away */
            away?: (number[]|null);

            /** RebalancePlan minutes */
            minutes?: (number|null);
        }

        /** Represents a RebalancePlan. */
        class RebalancePlan implements IRebalancePlan {

            /**
             * Constructs a new RebalancePlan.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.IRebalancePlan);

            /** RebalancePlan dryRun. */
            public dryRun: boolean;

            /** RebalancePlan shares. */
            public shares: llmagentos.v1.INodeShare[];

            /** RebalancePlan now. */
            public now: llmagentos.v1.IShardMove[];

            /** RebalancePlan later. */
            public later: llmagentos.v1.IShardMove[];

            /** RebalancePlan away. */
            public away: number[];

            /** RebalancePlan minutes. */
            public minutes: number;

            /**
             * Encodes the specified RebalancePlan message. Does not implicitly {@link llmagentos.v1.RebalancePlan.verify|verify} messages.
             * @param message RebalancePlan message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.IRebalancePlan, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a RebalancePlan message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns RebalancePlan
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.RebalancePlan;
        }

        /** Properties of a NodeShare. */
        interface INodeShare {

            /** NodeShare node */
            node?: (string|null);

            /** NodeShare before */
            before?: (number|null);

            /** NodeShare after */
            after?: (number|null);
        }

        /** Represents a NodeShare. */
        class NodeShare implements INodeShare {

            /**
             * Constructs a new NodeShare.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.INodeShare);

            /** NodeShare node. */
            public node: string;

            /** NodeShare before. */
            public before: number;

            /** NodeShare after. */
            public after: number;

            /**
             * Encodes the specified NodeShare message. Does not implicitly {@link llmagentos.v1.NodeShare.verify|verify} messages.
             * @param message NodeShare message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.INodeShare, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a NodeShare message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns NodeShare
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.NodeShare;
        }

        /** Properties of a ShardMove. */
        interface IShardMove {

            /** ShardMove shard */
            shard?: (number|null);

            /** ShardMove from */
            from?: (string|null);

            /** ShardMove to */
            to?: (string|null);

            /** ShardMove why */
            why?: (string|null);
        }

        /** Represents a ShardMove. */
        class ShardMove implements IShardMove {

            /**
             * Constructs a new ShardMove.
             * @param [properties] Properties to set
             */
            constructor(properties?: llmagentos.v1.IShardMove);

            /** ShardMove shard. */
            public shard: number;

            /** ShardMove from. */
            public from?: (string|null);

            /** ShardMove to. */
            public to: string;

            /** ShardMove why. */
            public why: string;

            /**
             * Encodes the specified ShardMove message. Does not implicitly {@link llmagentos.v1.ShardMove.verify|verify} messages.
             * @param message ShardMove message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            public static encode(message: llmagentos.v1.IShardMove, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a ShardMove message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns ShardMove
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): llmagentos.v1.ShardMove;
        }
    }
}
