import $protobuf from "protobufjs/minimal.js";

// Common aliases
const $Reader = $protobuf.Reader, $Writer = $protobuf.Writer, $util = $protobuf.util;

// Exported root namespace
const $root = $protobuf.roots["default"] || ($protobuf.roots["default"] = {});

export const llmagentos = $root.llmagentos = (() => {

    /**
     * Namespace llmagentos.
     * @exports llmagentos
     * @namespace
     */
    const llmagentos = {};

    llmagentos.v1 = (function() {

        /**
         * Namespace v1.
         * @memberof llmagentos
         * @namespace
         */
        const v1 = {};

        v1.ListRequest = (function() {

            /**
             * Properties of a ListRequest.
             * @memberof llmagentos.v1
             * @interface IListRequest
             */

            /**
             * Constructs a new ListRequest.
             * @memberof llmagentos.v1
             * @classdesc Represents a ListRequest.
             * @implements IListRequest
             * @constructor
             * @param {llmagentos.v1.IListRequest=} [properties] Properties to set
             */
            function ListRequest(properties) {
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * Encodes the specified ListRequest message. Does not implicitly {@link llmagentos.v1.ListRequest.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.ListRequest
             * @static
             * @param {llmagentos.v1.IListRequest} message ListRequest message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            ListRequest.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                return writer;
            };

            /**
             * Decodes a ListRequest message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.ListRequest
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.ListRequest} ListRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            ListRequest.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.ListRequest();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return ListRequest;
        })();

        v1.Name = (function() {

            /**
             * Properties of a Name.
             * @memberof llmagentos.v1
             * @interface IName
             * @property {string|null} [name] Name name
             */

            /**
             * Constructs a new Name.
             * @memberof llmagentos.v1
             * @classdesc Represents a Name.
             * @implements IName
             * @constructor
             * @param {llmagentos.v1.IName=} [properties] Properties to set
             */
            function Name(properties) {
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * Name name.
             * @member {string} name
             * @memberof llmagentos.v1.Name
             * @instance
             */
            Name.prototype.name = "";

            /**
             * Encodes the specified Name message. Does not implicitly {@link llmagentos.v1.Name.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.Name
             * @static
             * @param {llmagentos.v1.IName} message Name message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Name.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.name != null && Object.hasOwnProperty.call(message, "name"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.name);
                return writer;
            };

            /**
             * Decodes a Name message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.Name
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.Name} Name
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Name.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.Name();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.name = reader.string();
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return Name;
        })();

        v1.RunId = (function() {

            /**
             * Properties of a RunId.
             * @memberof llmagentos.v1
             * @interface IRunId
             * @property {string|null} [runId] RunId runId
             */

            /**
             * Constructs a new RunId.
             * @memberof llmagentos.v1
             * @classdesc Represents a RunId.
             * @implements IRunId
             * @constructor
             * @param {llmagentos.v1.IRunId=} [properties] Properties to set
             */
            function RunId(properties) {
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * RunId runId.
             * @member {string} runId
             * @memberof llmagentos.v1.RunId
             * @instance
             */
            RunId.prototype.runId = "";

            /**
             * Encodes the specified RunId message. Does not implicitly {@link llmagentos.v1.RunId.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.RunId
             * @static
             * @param {llmagentos.v1.IRunId} message RunId message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            RunId.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.runId != null && Object.hasOwnProperty.call(message, "runId"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.runId);
                return writer;
            };

            /**
             * Decodes a RunId message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.RunId
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.RunId} RunId
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            RunId.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.RunId();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.runId = reader.string();
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return RunId;
        })();

        v1.RunRequest = (function() {

            /**
             * Properties of a RunRequest.
             * @memberof llmagentos.v1
             * @interface IRunRequest
             * @property {string|null} [target] RunRequest target
             * @property {string|null} [input] RunRequest input
             * @property {string|null} [conversation] RunRequest conversation
             * @property {number|null} [budgetTokens] RunRequest budgetTokens
             * @property {boolean|null} [includeContext] RunRequest includeContext
             */

            /**
             * Constructs a new RunRequest.
             * @memberof llmagentos.v1
             * @classdesc Represents a RunRequest.
             * @implements IRunRequest
             * @constructor
             * @param {llmagentos.v1.IRunRequest=} [properties] Properties to set
             */
            function RunRequest(properties) {
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * RunRequest target.
             * @member {string} target
             * @memberof llmagentos.v1.RunRequest
             * @instance
             */
            RunRequest.prototype.target = "";

            /**
             * RunRequest input.
             * @member {string} input
             * @memberof llmagentos.v1.RunRequest
             * @instance
             */
            RunRequest.prototype.input = "";

            /**
             * RunRequest conversation.
             * @member {string|null|undefined} conversation
             * @memberof llmagentos.v1.RunRequest
             * @instance
             */
            RunRequest.prototype.conversation = null;

            /**
             * RunRequest budgetTokens.
             * @member {number|null|undefined} budgetTokens
             * @memberof llmagentos.v1.RunRequest
             * @instance
             */
            RunRequest.prototype.budgetTokens = null;

            /**
             * RunRequest includeContext.
             * @member {boolean} includeContext
             * @memberof llmagentos.v1.RunRequest
             * @instance
             */
            RunRequest.prototype.includeContext = false;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            Object.defineProperty(RunRequest.prototype, "_conversation", {
                get: $util.oneOfGetter($oneOfFields = ["conversation"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            Object.defineProperty(RunRequest.prototype, "_budgetTokens", {
                get: $util.oneOfGetter($oneOfFields = ["budgetTokens"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Encodes the specified RunRequest message. Does not implicitly {@link llmagentos.v1.RunRequest.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.RunRequest
             * @static
             * @param {llmagentos.v1.IRunRequest} message RunRequest message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            RunRequest.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.target != null && Object.hasOwnProperty.call(message, "target"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.target);
                if (message.input != null && Object.hasOwnProperty.call(message, "input"))
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.input);
                if (message.conversation != null && Object.hasOwnProperty.call(message, "conversation"))
                    writer.uint32(/* id 3, wireType 2 =*/26).string(message.conversation);
                if (message.budgetTokens != null && Object.hasOwnProperty.call(message, "budgetTokens"))
                    writer.uint32(/* id 4, wireType 0 =*/32).uint32(message.budgetTokens);
                if (message.includeContext != null && Object.hasOwnProperty.call(message, "includeContext"))
                    writer.uint32(/* id 5, wireType 0 =*/40).bool(message.includeContext);
                return writer;
            };

            /**
             * Decodes a RunRequest message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.RunRequest
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.RunRequest} RunRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            RunRequest.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.RunRequest();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.target = reader.string();
                            break;
                        }
                    case 2: {
                            message.input = reader.string();
                            break;
                        }
                    case 3: {
                            message.conversation = reader.string();
                            break;
                        }
                    case 4: {
                            message.budgetTokens = reader.uint32();
                            break;
                        }
                    case 5: {
                            message.includeContext = reader.bool();
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return RunRequest;
        })();

        v1.Usage = (function() {

            /**
             * Properties of a Usage.
             * @memberof llmagentos.v1
             * @interface IUsage
             * @property {number|null} [promptTokens] Usage promptTokens
             * @property {number|null} [completionTokens] Usage completionTokens
             * @property {number|null} [cachedTokens] Usage cachedTokens
             * @property {boolean|null} [estimated] Usage estimated
             */

            /**
             * Constructs a new Usage.
             * @memberof llmagentos.v1
             * @classdesc Represents a Usage.
             * @implements IUsage
             * @constructor
             * @param {llmagentos.v1.IUsage=} [properties] Properties to set
             */
            function Usage(properties) {
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * Usage promptTokens.
             * @member {number} promptTokens
             * @memberof llmagentos.v1.Usage
             * @instance
             */
            Usage.prototype.promptTokens = 0;

            /**
             * Usage completionTokens.
             * @member {number} completionTokens
             * @memberof llmagentos.v1.Usage
             * @instance
             */
            Usage.prototype.completionTokens = 0;

            /**
             * Usage cachedTokens.
             * @member {number} cachedTokens
             * @memberof llmagentos.v1.Usage
             * @instance
             */
            Usage.prototype.cachedTokens = 0;

            /**
             * Usage estimated.
             * @member {boolean|null|undefined} estimated
             * @memberof llmagentos.v1.Usage
             * @instance
             */
            Usage.prototype.estimated = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            Object.defineProperty(Usage.prototype, "_estimated", {
                get: $util.oneOfGetter($oneOfFields = ["estimated"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Encodes the specified Usage message. Does not implicitly {@link llmagentos.v1.Usage.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.Usage
             * @static
             * @param {llmagentos.v1.IUsage} message Usage message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Usage.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.promptTokens != null && Object.hasOwnProperty.call(message, "promptTokens"))
                    writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.promptTokens);
                if (message.completionTokens != null && Object.hasOwnProperty.call(message, "completionTokens"))
                    writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.completionTokens);
                if (message.cachedTokens != null && Object.hasOwnProperty.call(message, "cachedTokens"))
                    writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.cachedTokens);
                if (message.estimated != null && Object.hasOwnProperty.call(message, "estimated"))
                    writer.uint32(/* id 4, wireType 0 =*/32).bool(message.estimated);
                return writer;
            };

            /**
             * Decodes a Usage message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.Usage
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.Usage} Usage
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Usage.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.Usage();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.promptTokens = reader.uint32();
                            break;
                        }
                    case 2: {
                            message.completionTokens = reader.uint32();
                            break;
                        }
                    case 3: {
                            message.cachedTokens = reader.uint32();
                            break;
                        }
                    case 4: {
                            message.estimated = reader.bool();
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return Usage;
        })();

        v1.RunReply = (function() {

            /**
             * Properties of a RunReply.
             * @memberof llmagentos.v1
             * @interface IRunReply
             * @property {string|null} [runId] RunReply runId
             * @property {string|null} [target] RunReply target
             * @property {string|null} [output] RunReply output
             * @property {llmagentos.v1.IUsage|null} [usage] RunReply usage
             * @property {number|null} [elapsedMs] RunReply elapsedMs
             * @property {Array.<string>|null} [sources] RunReply sources
             * @property {string|null} [contextJson] RunReply contextJson
             * @property {string|null} [finish] RunReply finish
             */

            /**
             * Constructs a new RunReply.
             * @memberof llmagentos.v1
             * @classdesc Represents a RunReply.
             * @implements IRunReply
             * @constructor
             * @param {llmagentos.v1.IRunReply=} [properties] Properties to set
             */
            function RunReply(properties) {
                this.sources = [];
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * RunReply runId.
             * @member {string} runId
             * @memberof llmagentos.v1.RunReply
             * @instance
             */
            RunReply.prototype.runId = "";

            /**
             * RunReply target.
             * @member {string} target
             * @memberof llmagentos.v1.RunReply
             * @instance
             */
            RunReply.prototype.target = "";

            /**
             * RunReply output.
             * @member {string} output
             * @memberof llmagentos.v1.RunReply
             * @instance
             */
            RunReply.prototype.output = "";

            /**
             * RunReply usage.
             * @member {llmagentos.v1.IUsage|null|undefined} usage
             * @memberof llmagentos.v1.RunReply
             * @instance
             */
            RunReply.prototype.usage = null;

            /**
             * RunReply elapsedMs.
             * @member {number} elapsedMs
             * @memberof llmagentos.v1.RunReply
             * @instance
             */
            RunReply.prototype.elapsedMs = 0;

            /**
             * RunReply sources.
             * @member {Array.<string>} sources
             * @memberof llmagentos.v1.RunReply
             * @instance
             */
            RunReply.prototype.sources = $util.emptyArray;

            /**
             * RunReply contextJson.
             * @member {string|null|undefined} contextJson
             * @memberof llmagentos.v1.RunReply
             * @instance
             */
            RunReply.prototype.contextJson = null;

            /**
             * RunReply finish.
             * @member {string} finish
             * @memberof llmagentos.v1.RunReply
             * @instance
             */
            RunReply.prototype.finish = "";

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            Object.defineProperty(RunReply.prototype, "_contextJson", {
                get: $util.oneOfGetter($oneOfFields = ["contextJson"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Encodes the specified RunReply message. Does not implicitly {@link llmagentos.v1.RunReply.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.RunReply
             * @static
             * @param {llmagentos.v1.IRunReply} message RunReply message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            RunReply.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.runId != null && Object.hasOwnProperty.call(message, "runId"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.runId);
                if (message.target != null && Object.hasOwnProperty.call(message, "target"))
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.target);
                if (message.output != null && Object.hasOwnProperty.call(message, "output"))
                    writer.uint32(/* id 3, wireType 2 =*/26).string(message.output);
                if (message.usage != null && Object.hasOwnProperty.call(message, "usage"))
                    $root.llmagentos.v1.Usage.encode(message.usage, writer.uint32(/* id 4, wireType 2 =*/34).fork(), q + 1).ldelim();
                if (message.elapsedMs != null && Object.hasOwnProperty.call(message, "elapsedMs"))
                    writer.uint32(/* id 5, wireType 1 =*/41).double(message.elapsedMs);
                if (message.sources != null && message.sources.length)
                    for (let i = 0; i < message.sources.length; ++i)
                        writer.uint32(/* id 6, wireType 2 =*/50).string(message.sources[i]);
                if (message.contextJson != null && Object.hasOwnProperty.call(message, "contextJson"))
                    writer.uint32(/* id 7, wireType 2 =*/58).string(message.contextJson);
                if (message.finish != null && Object.hasOwnProperty.call(message, "finish"))
                    writer.uint32(/* id 8, wireType 2 =*/66).string(message.finish);
                return writer;
            };

            /**
             * Decodes a RunReply message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.RunReply
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.RunReply} RunReply
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            RunReply.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.RunReply();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.runId = reader.string();
                            break;
                        }
                    case 2: {
                            message.target = reader.string();
                            break;
                        }
                    case 3: {
                            message.output = reader.string();
                            break;
                        }
                    case 4: {
                            message.usage = $root.llmagentos.v1.Usage.decode(reader, reader.uint32(), undefined, long + 1);
                            break;
                        }
                    case 5: {
                            message.elapsedMs = reader.double();
                            break;
                        }
                    case 6: {
                            if (!(message.sources && message.sources.length))
                                message.sources = [];
                            message.sources.push(reader.string());
                            break;
                        }
                    case 7: {
                            message.contextJson = reader.string();
                            break;
                        }
                    case 8: {
                            message.finish = reader.string();
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return RunReply;
        })();

        v1.RunEvent = (function() {

            /**
             * Properties of a RunEvent.
             * @memberof llmagentos.v1
             * @interface IRunEvent
             * @property {llmagentos.v1.IRunStarted|null} [start] RunEvent start
             * @property {llmagentos.v1.IStepStarted|null} [stepStarted] RunEvent stepStarted
             * @property {llmagentos.v1.IStepFinished|null} [stepFinished] RunEvent stepFinished
             * @property {llmagentos.v1.IStepFailed|null} [stepFailed] RunEvent stepFailed
             * @property {llmagentos.v1.IToken|null} [token] RunEvent token
             * @property {llmagentos.v1.IToolCalled|null} [toolCalled] RunEvent toolCalled
             * @property {llmagentos.v1.IToolEnded|null} [toolEnded] RunEvent toolEnded
             * @property {llmagentos.v1.IRunReply|null} [end] RunEvent end
             */

            /**
             * Constructs a new RunEvent.
             * @memberof llmagentos.v1
             * @classdesc Represents a RunEvent.
             * @implements IRunEvent
             * @constructor
             * @param {llmagentos.v1.IRunEvent=} [properties] Properties to set
             */
            function RunEvent(properties) {
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * RunEvent start.
             * @member {llmagentos.v1.IRunStarted|null|undefined} start
             * @memberof llmagentos.v1.RunEvent
             * @instance
             */
            RunEvent.prototype.start = null;

            /**
             * RunEvent stepStarted.
             * @member {llmagentos.v1.IStepStarted|null|undefined} stepStarted
             * @memberof llmagentos.v1.RunEvent
             * @instance
             */
            RunEvent.prototype.stepStarted = null;

            /**
             * RunEvent stepFinished.
             * @member {llmagentos.v1.IStepFinished|null|undefined} stepFinished
             * @memberof llmagentos.v1.RunEvent
             * @instance
             */
            RunEvent.prototype.stepFinished = null;

            /**
             * RunEvent stepFailed.
             * @member {llmagentos.v1.IStepFailed|null|undefined} stepFailed
             * @memberof llmagentos.v1.RunEvent
             * @instance
             */
            RunEvent.prototype.stepFailed = null;

            /**
             * RunEvent token.
             * @member {llmagentos.v1.IToken|null|undefined} token
             * @memberof llmagentos.v1.RunEvent
             * @instance
             */
            RunEvent.prototype.token = null;

            /**
             * RunEvent toolCalled.
             * @member {llmagentos.v1.IToolCalled|null|undefined} toolCalled
             * @memberof llmagentos.v1.RunEvent
             * @instance
             */
            RunEvent.prototype.toolCalled = null;

            /**
             * RunEvent toolEnded.
             * @member {llmagentos.v1.IToolEnded|null|undefined} toolEnded
             * @memberof llmagentos.v1.RunEvent
             * @instance
             */
            RunEvent.prototype.toolEnded = null;

            /**
             * RunEvent end.
             * @member {llmagentos.v1.IRunReply|null|undefined} end
             * @memberof llmagentos.v1.RunEvent
             * @instance
             */
            RunEvent.prototype.end = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            /**
             * RunEvent event.
             * @member {"start"|"stepStarted"|"stepFinished"|"stepFailed"|"token"|"toolCalled"|"toolEnded"|"end"|undefined} event
             * @memberof llmagentos.v1.RunEvent
             * @instance
             */
            Object.defineProperty(RunEvent.prototype, "event", {
                get: $util.oneOfGetter($oneOfFields = ["start", "stepStarted", "stepFinished", "stepFailed", "token", "toolCalled", "toolEnded", "end"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Encodes the specified RunEvent message. Does not implicitly {@link llmagentos.v1.RunEvent.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.RunEvent
             * @static
             * @param {llmagentos.v1.IRunEvent} message RunEvent message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            RunEvent.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.start != null && Object.hasOwnProperty.call(message, "start"))
                    $root.llmagentos.v1.RunStarted.encode(message.start, writer.uint32(/* id 1, wireType 2 =*/10).fork(), q + 1).ldelim();
                if (message.stepStarted != null && Object.hasOwnProperty.call(message, "stepStarted"))
                    $root.llmagentos.v1.StepStarted.encode(message.stepStarted, writer.uint32(/* id 2, wireType 2 =*/18).fork(), q + 1).ldelim();
                if (message.stepFinished != null && Object.hasOwnProperty.call(message, "stepFinished"))
                    $root.llmagentos.v1.StepFinished.encode(message.stepFinished, writer.uint32(/* id 3, wireType 2 =*/26).fork(), q + 1).ldelim();
                if (message.stepFailed != null && Object.hasOwnProperty.call(message, "stepFailed"))
                    $root.llmagentos.v1.StepFailed.encode(message.stepFailed, writer.uint32(/* id 4, wireType 2 =*/34).fork(), q + 1).ldelim();
                if (message.token != null && Object.hasOwnProperty.call(message, "token"))
                    $root.llmagentos.v1.Token.encode(message.token, writer.uint32(/* id 5, wireType 2 =*/42).fork(), q + 1).ldelim();
                if (message.toolCalled != null && Object.hasOwnProperty.call(message, "toolCalled"))
                    $root.llmagentos.v1.ToolCalled.encode(message.toolCalled, writer.uint32(/* id 6, wireType 2 =*/50).fork(), q + 1).ldelim();
                if (message.toolEnded != null && Object.hasOwnProperty.call(message, "toolEnded"))
                    $root.llmagentos.v1.ToolEnded.encode(message.toolEnded, writer.uint32(/* id 7, wireType 2 =*/58).fork(), q + 1).ldelim();
                if (message.end != null && Object.hasOwnProperty.call(message, "end"))
                    $root.llmagentos.v1.RunReply.encode(message.end, writer.uint32(/* id 8, wireType 2 =*/66).fork(), q + 1).ldelim();
                return writer;
            };

            /**
             * Decodes a RunEvent message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.RunEvent
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.RunEvent} RunEvent
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            RunEvent.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.RunEvent();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.start = $root.llmagentos.v1.RunStarted.decode(reader, reader.uint32(), undefined, long + 1);
                            break;
                        }
                    case 2: {
                            message.stepStarted = $root.llmagentos.v1.StepStarted.decode(reader, reader.uint32(), undefined, long + 1);
                            break;
                        }
                    case 3: {
                            message.stepFinished = $root.llmagentos.v1.StepFinished.decode(reader, reader.uint32(), undefined, long + 1);
                            break;
                        }
                    case 4: {
                            message.stepFailed = $root.llmagentos.v1.StepFailed.decode(reader, reader.uint32(), undefined, long + 1);
                            break;
                        }
                    case 5: {
                            message.token = $root.llmagentos.v1.Token.decode(reader, reader.uint32(), undefined, long + 1);
                            break;
                        }
                    case 6: {
                            message.toolCalled = $root.llmagentos.v1.ToolCalled.decode(reader, reader.uint32(), undefined, long + 1);
                            break;
                        }
                    case 7: {
                            message.toolEnded = $root.llmagentos.v1.ToolEnded.decode(reader, reader.uint32(), undefined, long + 1);
                            break;
                        }
                    case 8: {
                            message.end = $root.llmagentos.v1.RunReply.decode(reader, reader.uint32(), undefined, long + 1);
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return RunEvent;
        })();

        v1.RunStarted = (function() {

            /**
             * Properties of a RunStarted.
             * @memberof llmagentos.v1
             * @interface IRunStarted
             * @property {string|null} [runId] RunStarted runId
             * @property {string|null} [target] RunStarted target
             * @property {boolean|null} [resumed] RunStarted resumed
             */

            /**
             * Constructs a new RunStarted.
             * @memberof llmagentos.v1
             * @classdesc Represents a RunStarted.
             * @implements IRunStarted
             * @constructor
             * @param {llmagentos.v1.IRunStarted=} [properties] Properties to set
             */
            function RunStarted(properties) {
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * RunStarted runId.
             * @member {string} runId
             * @memberof llmagentos.v1.RunStarted
             * @instance
             */
            RunStarted.prototype.runId = "";

            /**
             * RunStarted target.
             * @member {string} target
             * @memberof llmagentos.v1.RunStarted
             * @instance
             */
            RunStarted.prototype.target = "";

            /**
             * RunStarted resumed.
             * @member {boolean} resumed
             * @memberof llmagentos.v1.RunStarted
             * @instance
             */
            RunStarted.prototype.resumed = false;

            /**
             * Encodes the specified RunStarted message. Does not implicitly {@link llmagentos.v1.RunStarted.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.RunStarted
             * @static
             * @param {llmagentos.v1.IRunStarted} message RunStarted message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            RunStarted.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.runId != null && Object.hasOwnProperty.call(message, "runId"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.runId);
                if (message.target != null && Object.hasOwnProperty.call(message, "target"))
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.target);
                if (message.resumed != null && Object.hasOwnProperty.call(message, "resumed"))
                    writer.uint32(/* id 3, wireType 0 =*/24).bool(message.resumed);
                return writer;
            };

            /**
             * Decodes a RunStarted message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.RunStarted
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.RunStarted} RunStarted
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            RunStarted.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.RunStarted();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.runId = reader.string();
                            break;
                        }
                    case 2: {
                            message.target = reader.string();
                            break;
                        }
                    case 3: {
                            message.resumed = reader.bool();
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return RunStarted;
        })();

        v1.StepStarted = (function() {

            /**
             * Properties of a StepStarted.
             * @memberof llmagentos.v1
             * @interface IStepStarted
             * @property {string|null} [step] StepStarted step
             * @property {string|null} [agent] StepStarted agent
             */

            /**
             * Constructs a new StepStarted.
             * @memberof llmagentos.v1
             * @classdesc Represents a StepStarted.
             * @implements IStepStarted
             * @constructor
             * @param {llmagentos.v1.IStepStarted=} [properties] Properties to set
             */
            function StepStarted(properties) {
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * StepStarted step.
             * @member {string} step
             * @memberof llmagentos.v1.StepStarted
             * @instance
             */
            StepStarted.prototype.step = "";

            /**
             * StepStarted agent.
             * @member {string} agent
             * @memberof llmagentos.v1.StepStarted
             * @instance
             */
            StepStarted.prototype.agent = "";

            /**
             * Encodes the specified StepStarted message. Does not implicitly {@link llmagentos.v1.StepStarted.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.StepStarted
             * @static
             * @param {llmagentos.v1.IStepStarted} message StepStarted message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            StepStarted.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.step != null && Object.hasOwnProperty.call(message, "step"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.step);
                if (message.agent != null && Object.hasOwnProperty.call(message, "agent"))
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.agent);
                return writer;
            };

            /**
             * Decodes a StepStarted message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.StepStarted
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.StepStarted} StepStarted
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            StepStarted.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.StepStarted();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.step = reader.string();
                            break;
                        }
                    case 2: {
                            message.agent = reader.string();
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return StepStarted;
        })();

        v1.StepFinished = (function() {

            /**
             * Properties of a StepFinished.
             * @memberof llmagentos.v1
             * @interface IStepFinished
             * @property {string|null} [step] StepFinished step
             * @property {string|null} [agent] StepFinished agent
             * @property {string|null} [output] StepFinished output
             * @property {number|null} [elapsedMs] StepFinished elapsedMs
             * @property {llmagentos.v1.IUsage|null} [usage] StepFinished usage
             * @property {string|null} [finish] StepFinished finish
             * @property {string|null} [model] StepFinished model
             */

            /**
             * Constructs a new StepFinished.
             * @memberof llmagentos.v1
             * @classdesc Represents a StepFinished.
             * @implements IStepFinished
             * @constructor
             * @param {llmagentos.v1.IStepFinished=} [properties] Properties to set
             */
            function StepFinished(properties) {
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * StepFinished step.
             * @member {string} step
             * @memberof llmagentos.v1.StepFinished
             * @instance
             */
            StepFinished.prototype.step = "";

            /**
             * StepFinished agent.
             * @member {string} agent
             * @memberof llmagentos.v1.StepFinished
             * @instance
             */
            StepFinished.prototype.agent = "";

            /**
             * StepFinished output.
             * @member {string} output
             * @memberof llmagentos.v1.StepFinished
             * @instance
             */
            StepFinished.prototype.output = "";

            /**
             * StepFinished elapsedMs.
             * @member {number} elapsedMs
             * @memberof llmagentos.v1.StepFinished
             * @instance
             */
            StepFinished.prototype.elapsedMs = 0;

            /**
             * StepFinished usage.
             * @member {llmagentos.v1.IUsage|null|undefined} usage
             * @memberof llmagentos.v1.StepFinished
             * @instance
             */
            StepFinished.prototype.usage = null;

            /**
             * StepFinished finish.
             * @member {string|null|undefined} finish
             * @memberof llmagentos.v1.StepFinished
             * @instance
             */
            StepFinished.prototype.finish = null;

            /**
             * StepFinished model.
             * @member {string|null|undefined} model
             * @memberof llmagentos.v1.StepFinished
             * @instance
             */
            StepFinished.prototype.model = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            Object.defineProperty(StepFinished.prototype, "_finish", {
                get: $util.oneOfGetter($oneOfFields = ["finish"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            Object.defineProperty(StepFinished.prototype, "_model", {
                get: $util.oneOfGetter($oneOfFields = ["model"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Encodes the specified StepFinished message. Does not implicitly {@link llmagentos.v1.StepFinished.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.StepFinished
             * @static
             * @param {llmagentos.v1.IStepFinished} message StepFinished message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            StepFinished.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.step != null && Object.hasOwnProperty.call(message, "step"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.step);
                if (message.agent != null && Object.hasOwnProperty.call(message, "agent"))
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.agent);
                if (message.output != null && Object.hasOwnProperty.call(message, "output"))
                    writer.uint32(/* id 3, wireType 2 =*/26).string(message.output);
                if (message.elapsedMs != null && Object.hasOwnProperty.call(message, "elapsedMs"))
                    writer.uint32(/* id 4, wireType 1 =*/33).double(message.elapsedMs);
                if (message.usage != null && Object.hasOwnProperty.call(message, "usage"))
                    $root.llmagentos.v1.Usage.encode(message.usage, writer.uint32(/* id 5, wireType 2 =*/42).fork(), q + 1).ldelim();
                if (message.finish != null && Object.hasOwnProperty.call(message, "finish"))
                    writer.uint32(/* id 6, wireType 2 =*/50).string(message.finish);
                if (message.model != null && Object.hasOwnProperty.call(message, "model"))
                    writer.uint32(/* id 7, wireType 2 =*/58).string(message.model);
                return writer;
            };

            /**
             * Decodes a StepFinished message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.StepFinished
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.StepFinished} StepFinished
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            StepFinished.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.StepFinished();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.step = reader.string();
                            break;
                        }
                    case 2: {
                            message.agent = reader.string();
                            break;
                        }
                    case 3: {
                            message.output = reader.string();
                            break;
                        }
                    case 4: {
                            message.elapsedMs = reader.double();
                            break;
                        }
                    case 5: {
                            message.usage = $root.llmagentos.v1.Usage.decode(reader, reader.uint32(), undefined, long + 1);
                            break;
                        }
                    case 6: {
                            message.finish = reader.string();
                            break;
                        }
                    case 7: {
                            message.model = reader.string();
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return StepFinished;
        })();

        v1.StepFailed = (function() {

            /**
             * Properties of a StepFailed.
             * @memberof llmagentos.v1
             * @interface IStepFailed
             * @property {string|null} [step] StepFailed step
             * @property {string|null} [agent] StepFailed agent
             * @property {string|null} [code] StepFailed code
             * @property {string|null} [message] StepFailed message
             * @property {number|null} [elapsedMs] StepFailed elapsedMs
             */

            /**
             * Constructs a new StepFailed.
             * @memberof llmagentos.v1
             * @classdesc Represents a StepFailed.
             * @implements IStepFailed
             * @constructor
             * @param {llmagentos.v1.IStepFailed=} [properties] Properties to set
             */
            function StepFailed(properties) {
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * StepFailed step.
             * @member {string} step
             * @memberof llmagentos.v1.StepFailed
             * @instance
             */
            StepFailed.prototype.step = "";

            /**
             * StepFailed agent.
             * @member {string} agent
             * @memberof llmagentos.v1.StepFailed
             * @instance
             */
            StepFailed.prototype.agent = "";

            /**
             * StepFailed code.
             * @member {string} code
             * @memberof llmagentos.v1.StepFailed
             * @instance
             */
            StepFailed.prototype.code = "";

            /**
             * StepFailed message.
             * @member {string} message
             * @memberof llmagentos.v1.StepFailed
             * @instance
             */
            StepFailed.prototype.message = "";

            /**
             * StepFailed elapsedMs.
             * @member {number} elapsedMs
             * @memberof llmagentos.v1.StepFailed
             * @instance
             */
            StepFailed.prototype.elapsedMs = 0;

            /**
             * Encodes the specified StepFailed message. Does not implicitly {@link llmagentos.v1.StepFailed.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.StepFailed
             * @static
             * @param {llmagentos.v1.IStepFailed} message StepFailed message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            StepFailed.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.step != null && Object.hasOwnProperty.call(message, "step"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.step);
                if (message.agent != null && Object.hasOwnProperty.call(message, "agent"))
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.agent);
                if (message.code != null && Object.hasOwnProperty.call(message, "code"))
                    writer.uint32(/* id 3, wireType 2 =*/26).string(message.code);
                if (message.message != null && Object.hasOwnProperty.call(message, "message"))
                    writer.uint32(/* id 4, wireType 2 =*/34).string(message.message);
                if (message.elapsedMs != null && Object.hasOwnProperty.call(message, "elapsedMs"))
                    writer.uint32(/* id 5, wireType 1 =*/41).double(message.elapsedMs);
                return writer;
            };

            /**
             * Decodes a StepFailed message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.StepFailed
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.StepFailed} StepFailed
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            StepFailed.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.StepFailed();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.step = reader.string();
                            break;
                        }
                    case 2: {
                            message.agent = reader.string();
                            break;
                        }
                    case 3: {
                            message.code = reader.string();
                            break;
                        }
                    case 4: {
                            message.message = reader.string();
                            break;
                        }
                    case 5: {
                            message.elapsedMs = reader.double();
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return StepFailed;
        })();

        v1.Token = (function() {

            /**
             * Properties of a Token.
             * @memberof llmagentos.v1
             * @interface IToken
             * @property {string|null} [step] Token step
             * @property {string|null} [agent] Token agent
             * @property {string|null} [text] Token text
             */

            /**
             * Constructs a new Token.
             * @memberof llmagentos.v1
             * @classdesc Represents a Token.
             * @implements IToken
             * @constructor
             * @param {llmagentos.v1.IToken=} [properties] Properties to set
             */
            function Token(properties) {
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * Token step.
             * @member {string} step
             * @memberof llmagentos.v1.Token
             * @instance
             */
            Token.prototype.step = "";

            /**
             * Token agent.
             * @member {string} agent
             * @memberof llmagentos.v1.Token
             * @instance
             */
            Token.prototype.agent = "";

            /**
             * Token text.
             * @member {string} text
             * @memberof llmagentos.v1.Token
             * @instance
             */
            Token.prototype.text = "";

            /**
             * Encodes the specified Token message. Does not implicitly {@link llmagentos.v1.Token.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.Token
             * @static
             * @param {llmagentos.v1.IToken} message Token message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Token.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.step != null && Object.hasOwnProperty.call(message, "step"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.step);
                if (message.agent != null && Object.hasOwnProperty.call(message, "agent"))
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.agent);
                if (message.text != null && Object.hasOwnProperty.call(message, "text"))
                    writer.uint32(/* id 3, wireType 2 =*/26).string(message.text);
                return writer;
            };

            /**
             * Decodes a Token message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.Token
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.Token} Token
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Token.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.Token();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.step = reader.string();
                            break;
                        }
                    case 2: {
                            message.agent = reader.string();
                            break;
                        }
                    case 3: {
                            message.text = reader.string();
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return Token;
        })();

        v1.ToolCalled = (function() {

            /**
             * Properties of a ToolCalled.
             * @memberof llmagentos.v1
             * @interface IToolCalled
             * @property {string|null} [step] ToolCalled step
             * @property {string|null} [agent] ToolCalled agent
             * @property {string|null} [tool] ToolCalled tool
             * @property {string|null} [callId] ToolCalled callId
             * @property {string|null} [argumentsJson] ToolCalled argumentsJson
             */

            /**
             * Constructs a new ToolCalled.
             * @memberof llmagentos.v1
             * @classdesc Represents a ToolCalled.
             * @implements IToolCalled
             * @constructor
             * @param {llmagentos.v1.IToolCalled=} [properties] Properties to set
             */
            function ToolCalled(properties) {
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * ToolCalled step.
             * @member {string} step
             * @memberof llmagentos.v1.ToolCalled
             * @instance
             */
            ToolCalled.prototype.step = "";

            /**
             * ToolCalled agent.
             * @member {string} agent
             * @memberof llmagentos.v1.ToolCalled
             * @instance
             */
            ToolCalled.prototype.agent = "";

            /**
             * ToolCalled tool.
             * @member {string} tool
             * @memberof llmagentos.v1.ToolCalled
             * @instance
             */
            ToolCalled.prototype.tool = "";

            /**
             * ToolCalled callId.
             * @member {string} callId
             * @memberof llmagentos.v1.ToolCalled
             * @instance
             */
            ToolCalled.prototype.callId = "";

            /**
             * ToolCalled argumentsJson.
             * @member {string} argumentsJson
             * @memberof llmagentos.v1.ToolCalled
             * @instance
             */
            ToolCalled.prototype.argumentsJson = "";

            /**
             * Encodes the specified ToolCalled message. Does not implicitly {@link llmagentos.v1.ToolCalled.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.ToolCalled
             * @static
             * @param {llmagentos.v1.IToolCalled} message ToolCalled message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            ToolCalled.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.step != null && Object.hasOwnProperty.call(message, "step"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.step);
                if (message.agent != null && Object.hasOwnProperty.call(message, "agent"))
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.agent);
                if (message.tool != null && Object.hasOwnProperty.call(message, "tool"))
                    writer.uint32(/* id 3, wireType 2 =*/26).string(message.tool);
                if (message.callId != null && Object.hasOwnProperty.call(message, "callId"))
                    writer.uint32(/* id 4, wireType 2 =*/34).string(message.callId);
                if (message.argumentsJson != null && Object.hasOwnProperty.call(message, "argumentsJson"))
                    writer.uint32(/* id 5, wireType 2 =*/42).string(message.argumentsJson);
                return writer;
            };

            /**
             * Decodes a ToolCalled message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.ToolCalled
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.ToolCalled} ToolCalled
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            ToolCalled.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.ToolCalled();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.step = reader.string();
                            break;
                        }
                    case 2: {
                            message.agent = reader.string();
                            break;
                        }
                    case 3: {
                            message.tool = reader.string();
                            break;
                        }
                    case 4: {
                            message.callId = reader.string();
                            break;
                        }
                    case 5: {
                            message.argumentsJson = reader.string();
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return ToolCalled;
        })();

        v1.ToolEnded = (function() {

            /**
             * Properties of a ToolEnded.
             * @memberof llmagentos.v1
             * @interface IToolEnded
             * @property {string|null} [step] ToolEnded step
             * @property {string|null} [agent] ToolEnded agent
             * @property {string|null} [tool] ToolEnded tool
             * @property {string|null} [callId] ToolEnded callId
             * @property {string|null} [status] ToolEnded status
             * @property {string|null} [text] ToolEnded text
             * @property {number|null} [elapsedMs] ToolEnded elapsedMs
             */

            /**
             * Constructs a new ToolEnded.
             * @memberof llmagentos.v1
             * @classdesc Represents a ToolEnded.
             * @implements IToolEnded
             * @constructor
             * @param {llmagentos.v1.IToolEnded=} [properties] Properties to set
             */
            function ToolEnded(properties) {
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * ToolEnded step.
             * @member {string} step
             * @memberof llmagentos.v1.ToolEnded
             * @instance
             */
            ToolEnded.prototype.step = "";

            /**
             * ToolEnded agent.
             * @member {string} agent
             * @memberof llmagentos.v1.ToolEnded
             * @instance
             */
            ToolEnded.prototype.agent = "";

            /**
             * ToolEnded tool.
             * @member {string} tool
             * @memberof llmagentos.v1.ToolEnded
             * @instance
             */
            ToolEnded.prototype.tool = "";

            /**
             * ToolEnded callId.
             * @member {string} callId
             * @memberof llmagentos.v1.ToolEnded
             * @instance
             */
            ToolEnded.prototype.callId = "";

            /**
             * ToolEnded status.
             * @member {string} status
             * @memberof llmagentos.v1.ToolEnded
             * @instance
             */
            ToolEnded.prototype.status = "";

            /**
             * ToolEnded text.
             * @member {string} text
             * @memberof llmagentos.v1.ToolEnded
             * @instance
             */
            ToolEnded.prototype.text = "";

            /**
             * ToolEnded elapsedMs.
             * @member {number} elapsedMs
             * @memberof llmagentos.v1.ToolEnded
             * @instance
             */
            ToolEnded.prototype.elapsedMs = 0;

            /**
             * Encodes the specified ToolEnded message. Does not implicitly {@link llmagentos.v1.ToolEnded.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.ToolEnded
             * @static
             * @param {llmagentos.v1.IToolEnded} message ToolEnded message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            ToolEnded.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.step != null && Object.hasOwnProperty.call(message, "step"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.step);
                if (message.agent != null && Object.hasOwnProperty.call(message, "agent"))
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.agent);
                if (message.tool != null && Object.hasOwnProperty.call(message, "tool"))
                    writer.uint32(/* id 3, wireType 2 =*/26).string(message.tool);
                if (message.callId != null && Object.hasOwnProperty.call(message, "callId"))
                    writer.uint32(/* id 4, wireType 2 =*/34).string(message.callId);
                if (message.status != null && Object.hasOwnProperty.call(message, "status"))
                    writer.uint32(/* id 5, wireType 2 =*/42).string(message.status);
                if (message.text != null && Object.hasOwnProperty.call(message, "text"))
                    writer.uint32(/* id 6, wireType 2 =*/50).string(message.text);
                if (message.elapsedMs != null && Object.hasOwnProperty.call(message, "elapsedMs"))
                    writer.uint32(/* id 7, wireType 1 =*/57).double(message.elapsedMs);
                return writer;
            };

            /**
             * Decodes a ToolEnded message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.ToolEnded
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.ToolEnded} ToolEnded
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            ToolEnded.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.ToolEnded();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.step = reader.string();
                            break;
                        }
                    case 2: {
                            message.agent = reader.string();
                            break;
                        }
                    case 3: {
                            message.tool = reader.string();
                            break;
                        }
                    case 4: {
                            message.callId = reader.string();
                            break;
                        }
                    case 5: {
                            message.status = reader.string();
                            break;
                        }
                    case 6: {
                            message.text = reader.string();
                            break;
                        }
                    case 7: {
                            message.elapsedMs = reader.double();
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return ToolEnded;
        })();

        v1.RunStatus = (function() {

            /**
             * Properties of a RunStatus.
             * @memberof llmagentos.v1
             * @interface IRunStatus
             * @property {string|null} [runId] RunStatus runId
             * @property {string|null} [target] RunStatus target
             * @property {string|null} [state] RunStatus state
             * @property {string|null} [output] RunStatus output
             * @property {string|null} [errorCode] RunStatus errorCode
             * @property {string|null} [errorMessage] RunStatus errorMessage
             * @property {llmagentos.v1.IRunError|null} [error] RunStatus error
             * @property {string|null} [caller] RunStatus caller
             */

            /**
             * Constructs a new RunStatus.
             * @memberof llmagentos.v1
             * @classdesc Represents a RunStatus.
             * @implements IRunStatus
             * @constructor
             * @param {llmagentos.v1.IRunStatus=} [properties] Properties to set
             */
            function RunStatus(properties) {
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * RunStatus runId.
             * @member {string} runId
             * @memberof llmagentos.v1.RunStatus
             * @instance
             */
            RunStatus.prototype.runId = "";

            /**
             * RunStatus target.
             * @member {string} target
             * @memberof llmagentos.v1.RunStatus
             * @instance
             */
            RunStatus.prototype.target = "";

            /**
             * RunStatus state.
             * @member {string} state
             * @memberof llmagentos.v1.RunStatus
             * @instance
             */
            RunStatus.prototype.state = "";

            /**
             * RunStatus output.
             * @member {string|null|undefined} output
             * @memberof llmagentos.v1.RunStatus
             * @instance
             */
            RunStatus.prototype.output = null;

            /**
             * RunStatus errorCode.
             * @member {string|null|undefined} errorCode
             * @memberof llmagentos.v1.RunStatus
             * @instance
             */
            RunStatus.prototype.errorCode = null;

            /**
             * RunStatus errorMessage.
             * @member {string|null|undefined} errorMessage
             * @memberof llmagentos.v1.RunStatus
             * @instance
             */
            RunStatus.prototype.errorMessage = null;

            /**
             * RunStatus error.
             * @member {llmagentos.v1.IRunError|null|undefined} error
             * @memberof llmagentos.v1.RunStatus
             * @instance
             */
            RunStatus.prototype.error = null;

            /**
             * RunStatus caller.
             * @member {string|null|undefined} caller
             * @memberof llmagentos.v1.RunStatus
             * @instance
             */
            RunStatus.prototype.caller = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            Object.defineProperty(RunStatus.prototype, "_output", {
                get: $util.oneOfGetter($oneOfFields = ["output"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            Object.defineProperty(RunStatus.prototype, "_errorCode", {
                get: $util.oneOfGetter($oneOfFields = ["errorCode"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            Object.defineProperty(RunStatus.prototype, "_errorMessage", {
                get: $util.oneOfGetter($oneOfFields = ["errorMessage"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            Object.defineProperty(RunStatus.prototype, "_error", {
                get: $util.oneOfGetter($oneOfFields = ["error"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            Object.defineProperty(RunStatus.prototype, "_caller", {
                get: $util.oneOfGetter($oneOfFields = ["caller"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Encodes the specified RunStatus message. Does not implicitly {@link llmagentos.v1.RunStatus.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.RunStatus
             * @static
             * @param {llmagentos.v1.IRunStatus} message RunStatus message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            RunStatus.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.runId != null && Object.hasOwnProperty.call(message, "runId"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.runId);
                if (message.target != null && Object.hasOwnProperty.call(message, "target"))
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.target);
                if (message.state != null && Object.hasOwnProperty.call(message, "state"))
                    writer.uint32(/* id 3, wireType 2 =*/26).string(message.state);
                if (message.output != null && Object.hasOwnProperty.call(message, "output"))
                    writer.uint32(/* id 4, wireType 2 =*/34).string(message.output);
                if (message.errorCode != null && Object.hasOwnProperty.call(message, "errorCode"))
                    writer.uint32(/* id 5, wireType 2 =*/42).string(message.errorCode);
                if (message.errorMessage != null && Object.hasOwnProperty.call(message, "errorMessage"))
                    writer.uint32(/* id 6, wireType 2 =*/50).string(message.errorMessage);
                if (message.error != null && Object.hasOwnProperty.call(message, "error"))
                    $root.llmagentos.v1.RunError.encode(message.error, writer.uint32(/* id 7, wireType 2 =*/58).fork(), q + 1).ldelim();
                if (message.caller != null && Object.hasOwnProperty.call(message, "caller"))
                    writer.uint32(/* id 8, wireType 2 =*/66).string(message.caller);
                return writer;
            };

            /**
             * Decodes a RunStatus message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.RunStatus
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.RunStatus} RunStatus
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            RunStatus.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.RunStatus();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.runId = reader.string();
                            break;
                        }
                    case 2: {
                            message.target = reader.string();
                            break;
                        }
                    case 3: {
                            message.state = reader.string();
                            break;
                        }
                    case 4: {
                            message.output = reader.string();
                            break;
                        }
                    case 5: {
                            message.errorCode = reader.string();
                            break;
                        }
                    case 6: {
                            message.errorMessage = reader.string();
                            break;
                        }
                    case 7: {
                            message.error = $root.llmagentos.v1.RunError.decode(reader, reader.uint32(), undefined, long + 1);
                            break;
                        }
                    case 8: {
                            message.caller = reader.string();
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return RunStatus;
        })();

        v1.RunError = (function() {

            /**
             * Properties of a RunError.
             * @memberof llmagentos.v1
             * @interface IRunError
             * @property {string|null} [code] RunError code
             * @property {string|null} [message] RunError message
             * @property {boolean|null} [retryable] RunError retryable
             * @property {string|null} [executed] RunError executed
             * @property {string|null} [detailsJson] RunError detailsJson
             */

            /**
             * Constructs a new RunError.
             * @memberof llmagentos.v1
             * @classdesc Represents a RunError.
             * @implements IRunError
             * @constructor
             * @param {llmagentos.v1.IRunError=} [properties] Properties to set
             */
            function RunError(properties) {
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * RunError code.
             * @member {string} code
             * @memberof llmagentos.v1.RunError
             * @instance
             */
            RunError.prototype.code = "";

            /**
             * RunError message.
             * @member {string} message
             * @memberof llmagentos.v1.RunError
             * @instance
             */
            RunError.prototype.message = "";

            /**
             * RunError retryable.
             * @member {boolean|null|undefined} retryable
             * @memberof llmagentos.v1.RunError
             * @instance
             */
            RunError.prototype.retryable = null;

            /**
             * RunError executed.
             * @member {string|null|undefined} executed
             * @memberof llmagentos.v1.RunError
             * @instance
             */
            RunError.prototype.executed = null;

            /**
             * RunError detailsJson.
             * @member {string|null|undefined} detailsJson
             * @memberof llmagentos.v1.RunError
             * @instance
             */
            RunError.prototype.detailsJson = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            Object.defineProperty(RunError.prototype, "_retryable", {
                get: $util.oneOfGetter($oneOfFields = ["retryable"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            Object.defineProperty(RunError.prototype, "_executed", {
                get: $util.oneOfGetter($oneOfFields = ["executed"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            Object.defineProperty(RunError.prototype, "_detailsJson", {
                get: $util.oneOfGetter($oneOfFields = ["detailsJson"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Encodes the specified RunError message. Does not implicitly {@link llmagentos.v1.RunError.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.RunError
             * @static
             * @param {llmagentos.v1.IRunError} message RunError message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            RunError.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.code != null && Object.hasOwnProperty.call(message, "code"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.code);
                if (message.message != null && Object.hasOwnProperty.call(message, "message"))
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.message);
                if (message.retryable != null && Object.hasOwnProperty.call(message, "retryable"))
                    writer.uint32(/* id 3, wireType 0 =*/24).bool(message.retryable);
                if (message.executed != null && Object.hasOwnProperty.call(message, "executed"))
                    writer.uint32(/* id 4, wireType 2 =*/34).string(message.executed);
                if (message.detailsJson != null && Object.hasOwnProperty.call(message, "detailsJson"))
                    writer.uint32(/* id 5, wireType 2 =*/42).string(message.detailsJson);
                return writer;
            };

            /**
             * Decodes a RunError message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.RunError
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.RunError} RunError
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            RunError.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.RunError();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.code = reader.string();
                            break;
                        }
                    case 2: {
                            message.message = reader.string();
                            break;
                        }
                    case 3: {
                            message.retryable = reader.bool();
                            break;
                        }
                    case 4: {
                            message.executed = reader.string();
                            break;
                        }
                    case 5: {
                            message.detailsJson = reader.string();
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return RunError;
        })();

        v1.Activity = (function() {

            /**
             * Properties of an Activity.
             * @memberof llmagentos.v1
             * @interface IActivity
             * @property {number|null} [id] Activity id
             * @property {string|null} [runId] Activity runId
             * @property {string|null} [target] Activity target
             * @property {string|null} [caller] Activity caller
             * @property {string|null} [state] Activity state
             * @property {number|null} [startedAt] Activity startedAt
             * @property {number|null} [elapsedMs] Activity elapsedMs
             * @property {string|null} [code] Activity code
             */

            /**
             * Constructs a new Activity.
             * @memberof llmagentos.v1
             * @classdesc Represents an Activity.
             * @implements IActivity
             * @constructor
             * @param {llmagentos.v1.IActivity=} [properties] Properties to set
             */
            function Activity(properties) {
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * Activity id.
             * @member {number} id
             * @memberof llmagentos.v1.Activity
             * @instance
             */
            Activity.prototype.id = 0;

            /**
             * Activity runId.
             * @member {string|null|undefined} runId
             * @memberof llmagentos.v1.Activity
             * @instance
             */
            Activity.prototype.runId = null;

            /**
             * Activity target.
             * @member {string} target
             * @memberof llmagentos.v1.Activity
             * @instance
             */
            Activity.prototype.target = "";

            /**
             * Activity caller.
             * @member {string} caller
             * @memberof llmagentos.v1.Activity
             * @instance
             */
            Activity.prototype.caller = "";

            /**
             * Activity state.
             * @member {string} state
             * @memberof llmagentos.v1.Activity
             * @instance
             */
            Activity.prototype.state = "";

            /**
             * Activity startedAt.
             * @member {number} startedAt
             * @memberof llmagentos.v1.Activity
             * @instance
             */
            Activity.prototype.startedAt = 0;

            /**
             * Activity elapsedMs.
             * @member {number|null|undefined} elapsedMs
             * @memberof llmagentos.v1.Activity
             * @instance
             */
            Activity.prototype.elapsedMs = null;

            /**
             * Activity code.
             * @member {string|null|undefined} code
             * @memberof llmagentos.v1.Activity
             * @instance
             */
            Activity.prototype.code = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            Object.defineProperty(Activity.prototype, "_runId", {
                get: $util.oneOfGetter($oneOfFields = ["runId"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            Object.defineProperty(Activity.prototype, "_elapsedMs", {
                get: $util.oneOfGetter($oneOfFields = ["elapsedMs"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            Object.defineProperty(Activity.prototype, "_code", {
                get: $util.oneOfGetter($oneOfFields = ["code"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Encodes the specified Activity message. Does not implicitly {@link llmagentos.v1.Activity.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.Activity
             * @static
             * @param {llmagentos.v1.IActivity} message Activity message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Activity.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.id != null && Object.hasOwnProperty.call(message, "id"))
                    writer.uint32(/* id 1, wireType 1 =*/9).double(message.id);
                if (message.runId != null && Object.hasOwnProperty.call(message, "runId"))
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.runId);
                if (message.target != null && Object.hasOwnProperty.call(message, "target"))
                    writer.uint32(/* id 3, wireType 2 =*/26).string(message.target);
                if (message.caller != null && Object.hasOwnProperty.call(message, "caller"))
                    writer.uint32(/* id 4, wireType 2 =*/34).string(message.caller);
                if (message.state != null && Object.hasOwnProperty.call(message, "state"))
                    writer.uint32(/* id 5, wireType 2 =*/42).string(message.state);
                if (message.startedAt != null && Object.hasOwnProperty.call(message, "startedAt"))
                    writer.uint32(/* id 6, wireType 1 =*/49).double(message.startedAt);
                if (message.elapsedMs != null && Object.hasOwnProperty.call(message, "elapsedMs"))
                    writer.uint32(/* id 7, wireType 1 =*/57).double(message.elapsedMs);
                if (message.code != null && Object.hasOwnProperty.call(message, "code"))
                    writer.uint32(/* id 8, wireType 2 =*/66).string(message.code);
                return writer;
            };

            /**
             * Decodes an Activity message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.Activity
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.Activity} Activity
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Activity.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.Activity();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.id = reader.double();
                            break;
                        }
                    case 2: {
                            message.runId = reader.string();
                            break;
                        }
                    case 3: {
                            message.target = reader.string();
                            break;
                        }
                    case 4: {
                            message.caller = reader.string();
                            break;
                        }
                    case 5: {
                            message.state = reader.string();
                            break;
                        }
                    case 6: {
                            message.startedAt = reader.double();
                            break;
                        }
                    case 7: {
                            message.elapsedMs = reader.double();
                            break;
                        }
                    case 8: {
                            message.code = reader.string();
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return Activity;
        })();

        v1.RunList = (function() {

            /**
             * Properties of a RunList.
             * @memberof llmagentos.v1
             * @interface IRunList
             * @property {Array.<llmagentos.v1.IActivity>|null} [runs] RunList runs
             */

            /**
             * Constructs a new RunList.
             * @memberof llmagentos.v1
             * @classdesc Represents a RunList.
             * @implements IRunList
             * @constructor
             * @param {llmagentos.v1.IRunList=} [properties] Properties to set
             */
            function RunList(properties) {
                this.runs = [];
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * RunList runs.
             * @member {Array.<llmagentos.v1.IActivity>} runs
             * @memberof llmagentos.v1.RunList
             * @instance
             */
            RunList.prototype.runs = $util.emptyArray;

            /**
             * Encodes the specified RunList message. Does not implicitly {@link llmagentos.v1.RunList.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.RunList
             * @static
             * @param {llmagentos.v1.IRunList} message RunList message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            RunList.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.runs != null && message.runs.length)
                    for (let i = 0; i < message.runs.length; ++i)
                        $root.llmagentos.v1.Activity.encode(message.runs[i], writer.uint32(/* id 1, wireType 2 =*/10).fork(), q + 1).ldelim();
                return writer;
            };

            /**
             * Decodes a RunList message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.RunList
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.RunList} RunList
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            RunList.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.RunList();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            if (!(message.runs && message.runs.length))
                                message.runs = [];
                            message.runs.push($root.llmagentos.v1.Activity.decode(reader, reader.uint32(), undefined, long + 1));
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return RunList;
        })();

        v1.CancelReply = (function() {

            /**
             * Properties of a CancelReply.
             * @memberof llmagentos.v1
             * @interface ICancelReply
             * @property {boolean|null} [cancelled] CancelReply cancelled
             */

            /**
             * Constructs a new CancelReply.
             * @memberof llmagentos.v1
             * @classdesc Represents a CancelReply.
             * @implements ICancelReply
             * @constructor
             * @param {llmagentos.v1.ICancelReply=} [properties] Properties to set
             */
            function CancelReply(properties) {
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * CancelReply cancelled.
             * @member {boolean} cancelled
             * @memberof llmagentos.v1.CancelReply
             * @instance
             */
            CancelReply.prototype.cancelled = false;

            /**
             * Encodes the specified CancelReply message. Does not implicitly {@link llmagentos.v1.CancelReply.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.CancelReply
             * @static
             * @param {llmagentos.v1.ICancelReply} message CancelReply message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            CancelReply.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.cancelled != null && Object.hasOwnProperty.call(message, "cancelled"))
                    writer.uint32(/* id 1, wireType 0 =*/8).bool(message.cancelled);
                return writer;
            };

            /**
             * Decodes a CancelReply message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.CancelReply
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.CancelReply} CancelReply
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            CancelReply.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.CancelReply();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.cancelled = reader.bool();
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return CancelReply;
        })();

        v1.Agent = (function() {

            /**
             * Properties of an Agent.
             * @memberof llmagentos.v1
             * @interface IAgent
             * @property {string|null} [name] Agent name
             * @property {string|null} [description] Agent description
             * @property {string|null} [model] Agent model
             * @property {string|null} [state] Agent state
             * @property {number|null} [replicas] Agent replicas
             * @property {number|null} [queued] Agent queued
             * @property {Array.<string>|null} [tools] Agent tools
             * @property {Array.<llmagentos.v1.IAgentOnNode>|null} [nodes] Agent nodes
             */

            /**
             * Constructs a new Agent.
             * @memberof llmagentos.v1
             * @classdesc Represents an Agent.
             * @implements IAgent
             * @constructor
             * @param {llmagentos.v1.IAgent=} [properties] Properties to set
             */
            function Agent(properties) {
                this.tools = [];
                this.nodes = [];
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * Agent name.
             * @member {string} name
             * @memberof llmagentos.v1.Agent
             * @instance
             */
            Agent.prototype.name = "";

            /**
             * Agent description.
             * @member {string} description
             * @memberof llmagentos.v1.Agent
             * @instance
             */
            Agent.prototype.description = "";

            /**
             * Agent model.
             * @member {string} model
             * @memberof llmagentos.v1.Agent
             * @instance
             */
            Agent.prototype.model = "";

            /**
             * Agent state.
             * @member {string} state
             * @memberof llmagentos.v1.Agent
             * @instance
             */
            Agent.prototype.state = "";

            /**
             * Agent replicas.
             * @member {number} replicas
             * @memberof llmagentos.v1.Agent
             * @instance
             */
            Agent.prototype.replicas = 0;

            /**
             * Agent queued.
             * @member {number} queued
             * @memberof llmagentos.v1.Agent
             * @instance
             */
            Agent.prototype.queued = 0;

            /**
             * Agent tools.
             * @member {Array.<string>} tools
             * @memberof llmagentos.v1.Agent
             * @instance
             */
            Agent.prototype.tools = $util.emptyArray;

            /**
             * Agent nodes.
             * @member {Array.<llmagentos.v1.IAgentOnNode>} nodes
             * @memberof llmagentos.v1.Agent
             * @instance
             */
            Agent.prototype.nodes = $util.emptyArray;

            /**
             * Encodes the specified Agent message. Does not implicitly {@link llmagentos.v1.Agent.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.Agent
             * @static
             * @param {llmagentos.v1.IAgent} message Agent message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Agent.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.name != null && Object.hasOwnProperty.call(message, "name"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.name);
                if (message.description != null && Object.hasOwnProperty.call(message, "description"))
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.description);
                if (message.model != null && Object.hasOwnProperty.call(message, "model"))
                    writer.uint32(/* id 3, wireType 2 =*/26).string(message.model);
                if (message.state != null && Object.hasOwnProperty.call(message, "state"))
                    writer.uint32(/* id 4, wireType 2 =*/34).string(message.state);
                if (message.replicas != null && Object.hasOwnProperty.call(message, "replicas"))
                    writer.uint32(/* id 5, wireType 0 =*/40).uint32(message.replicas);
                if (message.queued != null && Object.hasOwnProperty.call(message, "queued"))
                    writer.uint32(/* id 6, wireType 0 =*/48).uint32(message.queued);
                if (message.tools != null && message.tools.length)
                    for (let i = 0; i < message.tools.length; ++i)
                        writer.uint32(/* id 7, wireType 2 =*/58).string(message.tools[i]);
                if (message.nodes != null && message.nodes.length)
                    for (let i = 0; i < message.nodes.length; ++i)
                        $root.llmagentos.v1.AgentOnNode.encode(message.nodes[i], writer.uint32(/* id 8, wireType 2 =*/66).fork(), q + 1).ldelim();
                return writer;
            };

            /**
             * Decodes an Agent message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.Agent
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.Agent} Agent
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Agent.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.Agent();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.name = reader.string();
                            break;
                        }
                    case 2: {
                            message.description = reader.string();
                            break;
                        }
                    case 3: {
                            message.model = reader.string();
                            break;
                        }
                    case 4: {
                            message.state = reader.string();
                            break;
                        }
                    case 5: {
                            message.replicas = reader.uint32();
                            break;
                        }
                    case 6: {
                            message.queued = reader.uint32();
                            break;
                        }
                    case 7: {
                            if (!(message.tools && message.tools.length))
                                message.tools = [];
                            message.tools.push(reader.string());
                            break;
                        }
                    case 8: {
                            if (!(message.nodes && message.nodes.length))
                                message.nodes = [];
                            message.nodes.push($root.llmagentos.v1.AgentOnNode.decode(reader, reader.uint32(), undefined, long + 1));
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return Agent;
        })();

        v1.AgentOnNode = (function() {

            /**
             * Properties of an AgentOnNode.
             * @memberof llmagentos.v1
             * @interface IAgentOnNode
             * @property {string|null} [node] AgentOnNode node
             * @property {string|null} [state] AgentOnNode state
             * @property {number|null} [replicas] AgentOnNode replicas
             * @property {number|null} [queued] AgentOnNode queued
             */

            /**
             * Constructs a new AgentOnNode.
             * @memberof llmagentos.v1
             * @classdesc Represents an AgentOnNode.
             * @implements IAgentOnNode
             * @constructor
             * @param {llmagentos.v1.IAgentOnNode=} [properties] Properties to set
             */
            function AgentOnNode(properties) {
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * AgentOnNode node.
             * @member {string} node
             * @memberof llmagentos.v1.AgentOnNode
             * @instance
             */
            AgentOnNode.prototype.node = "";

            /**
             * AgentOnNode state.
             * @member {string} state
             * @memberof llmagentos.v1.AgentOnNode
             * @instance
             */
            AgentOnNode.prototype.state = "";

            /**
             * AgentOnNode replicas.
             * @member {number} replicas
             * @memberof llmagentos.v1.AgentOnNode
             * @instance
             */
            AgentOnNode.prototype.replicas = 0;

            /**
             * AgentOnNode queued.
             * @member {number} queued
             * @memberof llmagentos.v1.AgentOnNode
             * @instance
             */
            AgentOnNode.prototype.queued = 0;

            /**
             * Encodes the specified AgentOnNode message. Does not implicitly {@link llmagentos.v1.AgentOnNode.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.AgentOnNode
             * @static
             * @param {llmagentos.v1.IAgentOnNode} message AgentOnNode message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            AgentOnNode.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.node != null && Object.hasOwnProperty.call(message, "node"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.node);
                if (message.state != null && Object.hasOwnProperty.call(message, "state"))
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.state);
                if (message.replicas != null && Object.hasOwnProperty.call(message, "replicas"))
                    writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.replicas);
                if (message.queued != null && Object.hasOwnProperty.call(message, "queued"))
                    writer.uint32(/* id 4, wireType 0 =*/32).uint32(message.queued);
                return writer;
            };

            /**
             * Decodes an AgentOnNode message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.AgentOnNode
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.AgentOnNode} AgentOnNode
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            AgentOnNode.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.AgentOnNode();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.node = reader.string();
                            break;
                        }
                    case 2: {
                            message.state = reader.string();
                            break;
                        }
                    case 3: {
                            message.replicas = reader.uint32();
                            break;
                        }
                    case 4: {
                            message.queued = reader.uint32();
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return AgentOnNode;
        })();

        v1.AgentList = (function() {

            /**
             * Properties of an AgentList.
             * @memberof llmagentos.v1
             * @interface IAgentList
             * @property {Array.<llmagentos.v1.IAgent>|null} [agents] AgentList agents
             */

            /**
             * Constructs a new AgentList.
             * @memberof llmagentos.v1
             * @classdesc Represents an AgentList.
             * @implements IAgentList
             * @constructor
             * @param {llmagentos.v1.IAgentList=} [properties] Properties to set
             */
            function AgentList(properties) {
                this.agents = [];
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * AgentList agents.
             * @member {Array.<llmagentos.v1.IAgent>} agents
             * @memberof llmagentos.v1.AgentList
             * @instance
             */
            AgentList.prototype.agents = $util.emptyArray;

            /**
             * Encodes the specified AgentList message. Does not implicitly {@link llmagentos.v1.AgentList.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.AgentList
             * @static
             * @param {llmagentos.v1.IAgentList} message AgentList message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            AgentList.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.agents != null && message.agents.length)
                    for (let i = 0; i < message.agents.length; ++i)
                        $root.llmagentos.v1.Agent.encode(message.agents[i], writer.uint32(/* id 1, wireType 2 =*/10).fork(), q + 1).ldelim();
                return writer;
            };

            /**
             * Decodes an AgentList message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.AgentList
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.AgentList} AgentList
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            AgentList.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.AgentList();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            if (!(message.agents && message.agents.length))
                                message.agents = [];
                            message.agents.push($root.llmagentos.v1.Agent.decode(reader, reader.uint32(), undefined, long + 1));
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return AgentList;
        })();

        v1.ReplicateRequest = (function() {

            /**
             * Properties of a ReplicateRequest.
             * @memberof llmagentos.v1
             * @interface IReplicateRequest
             * @property {string|null} [name] ReplicateRequest name
             * @property {number|null} [count] ReplicateRequest count
             */

            /**
             * Constructs a new ReplicateRequest.
             * @memberof llmagentos.v1
             * @classdesc Represents a ReplicateRequest.
             * @implements IReplicateRequest
             * @constructor
             * @param {llmagentos.v1.IReplicateRequest=} [properties] Properties to set
             */
            function ReplicateRequest(properties) {
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * ReplicateRequest name.
             * @member {string} name
             * @memberof llmagentos.v1.ReplicateRequest
             * @instance
             */
            ReplicateRequest.prototype.name = "";

            /**
             * ReplicateRequest count.
             * @member {number} count
             * @memberof llmagentos.v1.ReplicateRequest
             * @instance
             */
            ReplicateRequest.prototype.count = 0;

            /**
             * Encodes the specified ReplicateRequest message. Does not implicitly {@link llmagentos.v1.ReplicateRequest.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.ReplicateRequest
             * @static
             * @param {llmagentos.v1.IReplicateRequest} message ReplicateRequest message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            ReplicateRequest.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.name != null && Object.hasOwnProperty.call(message, "name"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.name);
                if (message.count != null && Object.hasOwnProperty.call(message, "count"))
                    writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.count);
                return writer;
            };

            /**
             * Decodes a ReplicateRequest message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.ReplicateRequest
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.ReplicateRequest} ReplicateRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            ReplicateRequest.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.ReplicateRequest();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.name = reader.string();
                            break;
                        }
                    case 2: {
                            message.count = reader.uint32();
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return ReplicateRequest;
        })();

        v1.Topology = (function() {

            /**
             * Properties of a Topology.
             * @memberof llmagentos.v1
             * @interface ITopology
             * @property {string|null} [name] Topology name
             * @property {string|null} [description] Topology description
             * @property {Array.<string>|null} [agents] Topology agents
             * @property {string|null} [definitionJson] Topology definitionJson
             */

            /**
             * Constructs a new Topology.
             * @memberof llmagentos.v1
             * @classdesc Represents a Topology.
             * @implements ITopology
             * @constructor
             * @param {llmagentos.v1.ITopology=} [properties] Properties to set
             */
            function Topology(properties) {
                this.agents = [];
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * Topology name.
             * @member {string} name
             * @memberof llmagentos.v1.Topology
             * @instance
             */
            Topology.prototype.name = "";

            /**
             * Topology description.
             * @member {string} description
             * @memberof llmagentos.v1.Topology
             * @instance
             */
            Topology.prototype.description = "";

            /**
             * Topology agents.
             * @member {Array.<string>} agents
             * @memberof llmagentos.v1.Topology
             * @instance
             */
            Topology.prototype.agents = $util.emptyArray;

            /**
             * Topology definitionJson.
             * @member {string|null|undefined} definitionJson
             * @memberof llmagentos.v1.Topology
             * @instance
             */
            Topology.prototype.definitionJson = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            Object.defineProperty(Topology.prototype, "_definitionJson", {
                get: $util.oneOfGetter($oneOfFields = ["definitionJson"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Encodes the specified Topology message. Does not implicitly {@link llmagentos.v1.Topology.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.Topology
             * @static
             * @param {llmagentos.v1.ITopology} message Topology message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Topology.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.name != null && Object.hasOwnProperty.call(message, "name"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.name);
                if (message.description != null && Object.hasOwnProperty.call(message, "description"))
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.description);
                if (message.agents != null && message.agents.length)
                    for (let i = 0; i < message.agents.length; ++i)
                        writer.uint32(/* id 3, wireType 2 =*/26).string(message.agents[i]);
                if (message.definitionJson != null && Object.hasOwnProperty.call(message, "definitionJson"))
                    writer.uint32(/* id 4, wireType 2 =*/34).string(message.definitionJson);
                return writer;
            };

            /**
             * Decodes a Topology message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.Topology
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.Topology} Topology
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Topology.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.Topology();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.name = reader.string();
                            break;
                        }
                    case 2: {
                            message.description = reader.string();
                            break;
                        }
                    case 3: {
                            if (!(message.agents && message.agents.length))
                                message.agents = [];
                            message.agents.push(reader.string());
                            break;
                        }
                    case 4: {
                            message.definitionJson = reader.string();
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return Topology;
        })();

        v1.TopologyList = (function() {

            /**
             * Properties of a TopologyList.
             * @memberof llmagentos.v1
             * @interface ITopologyList
             * @property {Array.<llmagentos.v1.ITopology>|null} [topologies] TopologyList topologies
             */

            /**
             * Constructs a new TopologyList.
             * @memberof llmagentos.v1
             * @classdesc Represents a TopologyList.
             * @implements ITopologyList
             * @constructor
             * @param {llmagentos.v1.ITopologyList=} [properties] Properties to set
             */
            function TopologyList(properties) {
                this.topologies = [];
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * TopologyList topologies.
             * @member {Array.<llmagentos.v1.ITopology>} topologies
             * @memberof llmagentos.v1.TopologyList
             * @instance
             */
            TopologyList.prototype.topologies = $util.emptyArray;

            /**
             * Encodes the specified TopologyList message. Does not implicitly {@link llmagentos.v1.TopologyList.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.TopologyList
             * @static
             * @param {llmagentos.v1.ITopologyList} message TopologyList message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            TopologyList.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.topologies != null && message.topologies.length)
                    for (let i = 0; i < message.topologies.length; ++i)
                        $root.llmagentos.v1.Topology.encode(message.topologies[i], writer.uint32(/* id 1, wireType 2 =*/10).fork(), q + 1).ldelim();
                return writer;
            };

            /**
             * Decodes a TopologyList message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.TopologyList
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.TopologyList} TopologyList
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            TopologyList.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.TopologyList();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            if (!(message.topologies && message.topologies.length))
                                message.topologies = [];
                            message.topologies.push($root.llmagentos.v1.Topology.decode(reader, reader.uint32(), undefined, long + 1));
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return TopologyList;
        })();

        v1.Document = (function() {

            /**
             * Properties of a Document.
             * @memberof llmagentos.v1
             * @interface IDocument
             * @property {string|null} [id] Document id
             * @property {string|null} [format] Document format
             * @property {Uint8Array|null} [content] Document content
             * @property {string|null} [folder] Document folder
             */

            /**
             * Constructs a new Document.
             * @memberof llmagentos.v1
             * @classdesc Represents a Document.
             * @implements IDocument
             * @constructor
             * @param {llmagentos.v1.IDocument=} [properties] Properties to set
             */
            function Document(properties) {
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * Document id.
             * @member {string} id
             * @memberof llmagentos.v1.Document
             * @instance
             */
            Document.prototype.id = "";

            /**
             * Document format.
             * @member {string} format
             * @memberof llmagentos.v1.Document
             * @instance
             */
            Document.prototype.format = "";

            /**
             * Document content.
             * @member {Uint8Array} content
             * @memberof llmagentos.v1.Document
             * @instance
             */
            Document.prototype.content = $util.newBuffer([]);

            /**
             * Document folder.
             * @member {string|null|undefined} folder
             * @memberof llmagentos.v1.Document
             * @instance
             */
            Document.prototype.folder = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            Object.defineProperty(Document.prototype, "_folder", {
                get: $util.oneOfGetter($oneOfFields = ["folder"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Encodes the specified Document message. Does not implicitly {@link llmagentos.v1.Document.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.Document
             * @static
             * @param {llmagentos.v1.IDocument} message Document message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Document.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.id != null && Object.hasOwnProperty.call(message, "id"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.id);
                if (message.format != null && Object.hasOwnProperty.call(message, "format"))
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.format);
                if (message.content != null && Object.hasOwnProperty.call(message, "content"))
                    writer.uint32(/* id 3, wireType 2 =*/26).bytes(message.content);
                if (message.folder != null && Object.hasOwnProperty.call(message, "folder"))
                    writer.uint32(/* id 4, wireType 2 =*/34).string(message.folder);
                return writer;
            };

            /**
             * Decodes a Document message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.Document
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.Document} Document
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Document.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.Document();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.id = reader.string();
                            break;
                        }
                    case 2: {
                            message.format = reader.string();
                            break;
                        }
                    case 3: {
                            message.content = reader.bytes();
                            break;
                        }
                    case 4: {
                            message.folder = reader.string();
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return Document;
        })();

        v1.AddDocumentReply = (function() {

            /**
             * Properties of an AddDocumentReply.
             * @memberof llmagentos.v1
             * @interface IAddDocumentReply
             * @property {number|null} [chunks] AddDocumentReply chunks
             * @property {boolean|null} [unchanged] AddDocumentReply unchanged
             * @property {Array.<string>|null} [notes] AddDocumentReply notes
             * @property {string|null} [id] AddDocumentReply id
             */

            /**
             * Constructs a new AddDocumentReply.
             * @memberof llmagentos.v1
             * @classdesc Represents an AddDocumentReply.
             * @implements IAddDocumentReply
             * @constructor
             * @param {llmagentos.v1.IAddDocumentReply=} [properties] Properties to set
             */
            function AddDocumentReply(properties) {
                this.notes = [];
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * AddDocumentReply chunks.
             * @member {number} chunks
             * @memberof llmagentos.v1.AddDocumentReply
             * @instance
             */
            AddDocumentReply.prototype.chunks = 0;

            /**
             * AddDocumentReply unchanged.
             * @member {boolean} unchanged
             * @memberof llmagentos.v1.AddDocumentReply
             * @instance
             */
            AddDocumentReply.prototype.unchanged = false;

            /**
             * AddDocumentReply notes.
             * @member {Array.<string>} notes
             * @memberof llmagentos.v1.AddDocumentReply
             * @instance
             */
            AddDocumentReply.prototype.notes = $util.emptyArray;

            /**
             * AddDocumentReply id.
             * @member {string} id
             * @memberof llmagentos.v1.AddDocumentReply
             * @instance
             */
            AddDocumentReply.prototype.id = "";

            /**
             * Encodes the specified AddDocumentReply message. Does not implicitly {@link llmagentos.v1.AddDocumentReply.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.AddDocumentReply
             * @static
             * @param {llmagentos.v1.IAddDocumentReply} message AddDocumentReply message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            AddDocumentReply.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.chunks != null && Object.hasOwnProperty.call(message, "chunks"))
                    writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.chunks);
                if (message.unchanged != null && Object.hasOwnProperty.call(message, "unchanged"))
                    writer.uint32(/* id 2, wireType 0 =*/16).bool(message.unchanged);
                if (message.notes != null && message.notes.length)
                    for (let i = 0; i < message.notes.length; ++i)
                        writer.uint32(/* id 3, wireType 2 =*/26).string(message.notes[i]);
                if (message.id != null && Object.hasOwnProperty.call(message, "id"))
                    writer.uint32(/* id 4, wireType 2 =*/34).string(message.id);
                return writer;
            };

            /**
             * Decodes an AddDocumentReply message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.AddDocumentReply
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.AddDocumentReply} AddDocumentReply
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            AddDocumentReply.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.AddDocumentReply();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.chunks = reader.uint32();
                            break;
                        }
                    case 2: {
                            message.unchanged = reader.bool();
                            break;
                        }
                    case 3: {
                            if (!(message.notes && message.notes.length))
                                message.notes = [];
                            message.notes.push(reader.string());
                            break;
                        }
                    case 4: {
                            message.id = reader.string();
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return AddDocumentReply;
        })();

        v1.DocumentEntry = (function() {

            /**
             * Properties of a DocumentEntry.
             * @memberof llmagentos.v1
             * @interface IDocumentEntry
             * @property {string|null} [id] DocumentEntry id
             * @property {number|null} [chunks] DocumentEntry chunks
             * @property {number|null} [bytes] DocumentEntry bytes
             * @property {Array.<string>|null} [notes] DocumentEntry notes
             */

            /**
             * Constructs a new DocumentEntry.
             * @memberof llmagentos.v1
             * @classdesc Represents a DocumentEntry.
             * @implements IDocumentEntry
             * @constructor
             * @param {llmagentos.v1.IDocumentEntry=} [properties] Properties to set
             */
            function DocumentEntry(properties) {
                this.notes = [];
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * DocumentEntry id.
             * @member {string} id
             * @memberof llmagentos.v1.DocumentEntry
             * @instance
             */
            DocumentEntry.prototype.id = "";

            /**
             * DocumentEntry chunks.
             * @member {number} chunks
             * @memberof llmagentos.v1.DocumentEntry
             * @instance
             */
            DocumentEntry.prototype.chunks = 0;

            /**
             * DocumentEntry bytes.
             * @member {number} bytes
             * @memberof llmagentos.v1.DocumentEntry
             * @instance
             */
            DocumentEntry.prototype.bytes = 0;

            /**
             * DocumentEntry notes.
             * @member {Array.<string>} notes
             * @memberof llmagentos.v1.DocumentEntry
             * @instance
             */
            DocumentEntry.prototype.notes = $util.emptyArray;

            /**
             * Encodes the specified DocumentEntry message. Does not implicitly {@link llmagentos.v1.DocumentEntry.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.DocumentEntry
             * @static
             * @param {llmagentos.v1.IDocumentEntry} message DocumentEntry message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            DocumentEntry.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.id != null && Object.hasOwnProperty.call(message, "id"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.id);
                if (message.chunks != null && Object.hasOwnProperty.call(message, "chunks"))
                    writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.chunks);
                if (message.bytes != null && Object.hasOwnProperty.call(message, "bytes"))
                    writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.bytes);
                if (message.notes != null && message.notes.length)
                    for (let i = 0; i < message.notes.length; ++i)
                        writer.uint32(/* id 4, wireType 2 =*/34).string(message.notes[i]);
                return writer;
            };

            /**
             * Decodes a DocumentEntry message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.DocumentEntry
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.DocumentEntry} DocumentEntry
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            DocumentEntry.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.DocumentEntry();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.id = reader.string();
                            break;
                        }
                    case 2: {
                            message.chunks = reader.uint32();
                            break;
                        }
                    case 3: {
                            message.bytes = reader.uint32();
                            break;
                        }
                    case 4: {
                            if (!(message.notes && message.notes.length))
                                message.notes = [];
                            message.notes.push(reader.string());
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return DocumentEntry;
        })();

        v1.DocumentList = (function() {

            /**
             * Properties of a DocumentList.
             * @memberof llmagentos.v1
             * @interface IDocumentList
             * @property {Array.<llmagentos.v1.IDocumentEntry>|null} [documents] DocumentList documents
             */

            /**
             * Constructs a new DocumentList.
             * @memberof llmagentos.v1
             * @classdesc Represents a DocumentList.
             * @implements IDocumentList
             * @constructor
             * @param {llmagentos.v1.IDocumentList=} [properties] Properties to set
             */
            function DocumentList(properties) {
                this.documents = [];
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * DocumentList documents.
             * @member {Array.<llmagentos.v1.IDocumentEntry>} documents
             * @memberof llmagentos.v1.DocumentList
             * @instance
             */
            DocumentList.prototype.documents = $util.emptyArray;

            /**
             * Encodes the specified DocumentList message. Does not implicitly {@link llmagentos.v1.DocumentList.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.DocumentList
             * @static
             * @param {llmagentos.v1.IDocumentList} message DocumentList message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            DocumentList.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.documents != null && message.documents.length)
                    for (let i = 0; i < message.documents.length; ++i)
                        $root.llmagentos.v1.DocumentEntry.encode(message.documents[i], writer.uint32(/* id 1, wireType 2 =*/10).fork(), q + 1).ldelim();
                return writer;
            };

            /**
             * Decodes a DocumentList message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.DocumentList
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.DocumentList} DocumentList
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            DocumentList.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.DocumentList();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            if (!(message.documents && message.documents.length))
                                message.documents = [];
                            message.documents.push($root.llmagentos.v1.DocumentEntry.decode(reader, reader.uint32(), undefined, long + 1));
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return DocumentList;
        })();

        v1.DocumentId = (function() {

            /**
             * Properties of a DocumentId.
             * @memberof llmagentos.v1
             * @interface IDocumentId
             * @property {string|null} [id] DocumentId id
             */

            /**
             * Constructs a new DocumentId.
             * @memberof llmagentos.v1
             * @classdesc Represents a DocumentId.
             * @implements IDocumentId
             * @constructor
             * @param {llmagentos.v1.IDocumentId=} [properties] Properties to set
             */
            function DocumentId(properties) {
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * DocumentId id.
             * @member {string} id
             * @memberof llmagentos.v1.DocumentId
             * @instance
             */
            DocumentId.prototype.id = "";

            /**
             * Encodes the specified DocumentId message. Does not implicitly {@link llmagentos.v1.DocumentId.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.DocumentId
             * @static
             * @param {llmagentos.v1.IDocumentId} message DocumentId message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            DocumentId.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.id != null && Object.hasOwnProperty.call(message, "id"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.id);
                return writer;
            };

            /**
             * Decodes a DocumentId message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.DocumentId
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.DocumentId} DocumentId
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            DocumentId.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.DocumentId();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.id = reader.string();
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return DocumentId;
        })();

        v1.Removed = (function() {

            /**
             * Properties of a Removed.
             * @memberof llmagentos.v1
             * @interface IRemoved
             * @property {boolean|null} [removed] Removed removed
             */

            /**
             * Constructs a new Removed.
             * @memberof llmagentos.v1
             * @classdesc Represents a Removed.
             * @implements IRemoved
             * @constructor
             * @param {llmagentos.v1.IRemoved=} [properties] Properties to set
             */
            function Removed(properties) {
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * Removed removed.
             * @member {boolean} removed
             * @memberof llmagentos.v1.Removed
             * @instance
             */
            Removed.prototype.removed = false;

            /**
             * Encodes the specified Removed message. Does not implicitly {@link llmagentos.v1.Removed.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.Removed
             * @static
             * @param {llmagentos.v1.IRemoved} message Removed message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Removed.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.removed != null && Object.hasOwnProperty.call(message, "removed"))
                    writer.uint32(/* id 1, wireType 0 =*/8).bool(message.removed);
                return writer;
            };

            /**
             * Decodes a Removed message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.Removed
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.Removed} Removed
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Removed.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.Removed();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.removed = reader.bool();
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return Removed;
        })();

        v1.Fact = (function() {

            /**
             * Properties of a Fact.
             * @memberof llmagentos.v1
             * @interface IFact
             * @property {string|null} [subject] Fact subject
             * @property {string|null} [relation] Fact relation
             * @property {string|null} [object] Fact object
             * @property {string|null} [source] Fact source
             */

            /**
             * Constructs a new Fact.
             * @memberof llmagentos.v1
             * @classdesc Represents a Fact.
             * @implements IFact
             * @constructor
             * @param {llmagentos.v1.IFact=} [properties] Properties to set
             */
            function Fact(properties) {
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * Fact subject.
             * @member {string} subject
             * @memberof llmagentos.v1.Fact
             * @instance
             */
            Fact.prototype.subject = "";

            /**
             * Fact relation.
             * @member {string} relation
             * @memberof llmagentos.v1.Fact
             * @instance
             */
            Fact.prototype.relation = "";

            /**
             * Fact object.
             * @member {string} object
             * @memberof llmagentos.v1.Fact
             * @instance
             */
            Fact.prototype.object = "";

            /**
             * Fact source.
             * @member {string|null|undefined} source
             * @memberof llmagentos.v1.Fact
             * @instance
             */
            Fact.prototype.source = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            Object.defineProperty(Fact.prototype, "_source", {
                get: $util.oneOfGetter($oneOfFields = ["source"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Encodes the specified Fact message. Does not implicitly {@link llmagentos.v1.Fact.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.Fact
             * @static
             * @param {llmagentos.v1.IFact} message Fact message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Fact.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.subject != null && Object.hasOwnProperty.call(message, "subject"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.subject);
                if (message.relation != null && Object.hasOwnProperty.call(message, "relation"))
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.relation);
                if (message.object != null && Object.hasOwnProperty.call(message, "object"))
                    writer.uint32(/* id 3, wireType 2 =*/26).string(message.object);
                if (message.source != null && Object.hasOwnProperty.call(message, "source"))
                    writer.uint32(/* id 4, wireType 2 =*/34).string(message.source);
                return writer;
            };

            /**
             * Decodes a Fact message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.Fact
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.Fact} Fact
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Fact.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.Fact();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.subject = reader.string();
                            break;
                        }
                    case 2: {
                            message.relation = reader.string();
                            break;
                        }
                    case 3: {
                            message.object = reader.string();
                            break;
                        }
                    case 4: {
                            message.source = reader.string();
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return Fact;
        })();

        v1.FactName = (function() {

            /**
             * Properties of a FactName.
             * @memberof llmagentos.v1
             * @interface IFactName
             * @property {string|null} [subject] FactName subject
             * @property {string|null} [relation] FactName relation
             * @property {string|null} [object] FactName object
             */

            /**
             * Constructs a new FactName.
             * @memberof llmagentos.v1
             * @classdesc Represents a FactName.
             * @implements IFactName
             * @constructor
             * @param {llmagentos.v1.IFactName=} [properties] Properties to set
             */
            function FactName(properties) {
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * FactName subject.
             * @member {string} subject
             * @memberof llmagentos.v1.FactName
             * @instance
             */
            FactName.prototype.subject = "";

            /**
             * FactName relation.
             * @member {string} relation
             * @memberof llmagentos.v1.FactName
             * @instance
             */
            FactName.prototype.relation = "";

            /**
             * FactName object.
             * @member {string} object
             * @memberof llmagentos.v1.FactName
             * @instance
             */
            FactName.prototype.object = "";

            /**
             * Encodes the specified FactName message. Does not implicitly {@link llmagentos.v1.FactName.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.FactName
             * @static
             * @param {llmagentos.v1.IFactName} message FactName message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            FactName.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.subject != null && Object.hasOwnProperty.call(message, "subject"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.subject);
                if (message.relation != null && Object.hasOwnProperty.call(message, "relation"))
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.relation);
                if (message.object != null && Object.hasOwnProperty.call(message, "object"))
                    writer.uint32(/* id 3, wireType 2 =*/26).string(message.object);
                return writer;
            };

            /**
             * Decodes a FactName message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.FactName
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.FactName} FactName
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            FactName.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.FactName();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.subject = reader.string();
                            break;
                        }
                    case 2: {
                            message.relation = reader.string();
                            break;
                        }
                    case 3: {
                            message.object = reader.string();
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return FactName;
        })();

        v1.FactPattern = (function() {

            /**
             * Properties of a FactPattern.
             * @memberof llmagentos.v1
             * @interface IFactPattern
             * @property {string|null} [subject] FactPattern subject
             * @property {string|null} [relation] FactPattern relation
             * @property {string|null} [object] FactPattern object
             * @property {number|null} [limit] FactPattern limit
             */

            /**
             * Constructs a new FactPattern.
             * @memberof llmagentos.v1
             * @classdesc Represents a FactPattern.
             * @implements IFactPattern
             * @constructor
             * @param {llmagentos.v1.IFactPattern=} [properties] Properties to set
             */
            function FactPattern(properties) {
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * FactPattern subject.
             * @member {string|null|undefined} subject
             * @memberof llmagentos.v1.FactPattern
             * @instance
             */
            FactPattern.prototype.subject = null;

            /**
             * FactPattern relation.
             * @member {string|null|undefined} relation
             * @memberof llmagentos.v1.FactPattern
             * @instance
             */
            FactPattern.prototype.relation = null;

            /**
             * FactPattern object.
             * @member {string|null|undefined} object
             * @memberof llmagentos.v1.FactPattern
             * @instance
             */
            FactPattern.prototype.object = null;

            /**
             * FactPattern limit.
             * @member {number|null|undefined} limit
             * @memberof llmagentos.v1.FactPattern
             * @instance
             */
            FactPattern.prototype.limit = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            Object.defineProperty(FactPattern.prototype, "_subject", {
                get: $util.oneOfGetter($oneOfFields = ["subject"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            Object.defineProperty(FactPattern.prototype, "_relation", {
                get: $util.oneOfGetter($oneOfFields = ["relation"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            Object.defineProperty(FactPattern.prototype, "_object", {
                get: $util.oneOfGetter($oneOfFields = ["object"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            Object.defineProperty(FactPattern.prototype, "_limit", {
                get: $util.oneOfGetter($oneOfFields = ["limit"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Encodes the specified FactPattern message. Does not implicitly {@link llmagentos.v1.FactPattern.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.FactPattern
             * @static
             * @param {llmagentos.v1.IFactPattern} message FactPattern message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            FactPattern.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.subject != null && Object.hasOwnProperty.call(message, "subject"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.subject);
                if (message.relation != null && Object.hasOwnProperty.call(message, "relation"))
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.relation);
                if (message.object != null && Object.hasOwnProperty.call(message, "object"))
                    writer.uint32(/* id 3, wireType 2 =*/26).string(message.object);
                if (message.limit != null && Object.hasOwnProperty.call(message, "limit"))
                    writer.uint32(/* id 4, wireType 0 =*/32).uint32(message.limit);
                return writer;
            };

            /**
             * Decodes a FactPattern message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.FactPattern
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.FactPattern} FactPattern
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            FactPattern.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.FactPattern();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.subject = reader.string();
                            break;
                        }
                    case 2: {
                            message.relation = reader.string();
                            break;
                        }
                    case 3: {
                            message.object = reader.string();
                            break;
                        }
                    case 4: {
                            message.limit = reader.uint32();
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return FactPattern;
        })();

        v1.FactList = (function() {

            /**
             * Properties of a FactList.
             * @memberof llmagentos.v1
             * @interface IFactList
             * @property {Array.<llmagentos.v1.IFact>|null} [facts] FactList facts
             */

            /**
             * Constructs a new FactList.
             * @memberof llmagentos.v1
             * @classdesc Represents a FactList.
             * @implements IFactList
             * @constructor
             * @param {llmagentos.v1.IFactList=} [properties] Properties to set
             */
            function FactList(properties) {
                this.facts = [];
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * FactList facts.
             * @member {Array.<llmagentos.v1.IFact>} facts
             * @memberof llmagentos.v1.FactList
             * @instance
             */
            FactList.prototype.facts = $util.emptyArray;

            /**
             * Encodes the specified FactList message. Does not implicitly {@link llmagentos.v1.FactList.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.FactList
             * @static
             * @param {llmagentos.v1.IFactList} message FactList message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            FactList.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.facts != null && message.facts.length)
                    for (let i = 0; i < message.facts.length; ++i)
                        $root.llmagentos.v1.Fact.encode(message.facts[i], writer.uint32(/* id 1, wireType 2 =*/10).fork(), q + 1).ldelim();
                return writer;
            };

            /**
             * Decodes a FactList message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.FactList
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.FactList} FactList
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            FactList.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.FactList();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            if (!(message.facts && message.facts.length))
                                message.facts = [];
                            message.facts.push($root.llmagentos.v1.Fact.decode(reader, reader.uint32(), undefined, long + 1));
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return FactList;
        })();

        v1.RecordsRequest = (function() {

            /**
             * Properties of a RecordsRequest.
             * @memberof llmagentos.v1
             * @interface IRecordsRequest
             * @property {string|null} [type] RecordsRequest type
             * @property {string|null} [whereJson] RecordsRequest whereJson
             * @property {number|null} [limit] RecordsRequest limit
             */

            /**
             * Constructs a new RecordsRequest.
             * @memberof llmagentos.v1
             * @classdesc Represents a RecordsRequest.
             * @implements IRecordsRequest
             * @constructor
             * @param {llmagentos.v1.IRecordsRequest=} [properties] Properties to set
             */
            function RecordsRequest(properties) {
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * RecordsRequest type.
             * @member {string} type
             * @memberof llmagentos.v1.RecordsRequest
             * @instance
             */
            RecordsRequest.prototype.type = "";

            /**
             * RecordsRequest whereJson.
             * @member {string|null|undefined} whereJson
             * @memberof llmagentos.v1.RecordsRequest
             * @instance
             */
            RecordsRequest.prototype.whereJson = null;

            /**
             * RecordsRequest limit.
             * @member {number|null|undefined} limit
             * @memberof llmagentos.v1.RecordsRequest
             * @instance
             */
            RecordsRequest.prototype.limit = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            Object.defineProperty(RecordsRequest.prototype, "_whereJson", {
                get: $util.oneOfGetter($oneOfFields = ["whereJson"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            Object.defineProperty(RecordsRequest.prototype, "_limit", {
                get: $util.oneOfGetter($oneOfFields = ["limit"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Encodes the specified RecordsRequest message. Does not implicitly {@link llmagentos.v1.RecordsRequest.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.RecordsRequest
             * @static
             * @param {llmagentos.v1.IRecordsRequest} message RecordsRequest message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            RecordsRequest.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.type != null && Object.hasOwnProperty.call(message, "type"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.type);
                if (message.whereJson != null && Object.hasOwnProperty.call(message, "whereJson"))
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.whereJson);
                if (message.limit != null && Object.hasOwnProperty.call(message, "limit"))
                    writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.limit);
                return writer;
            };

            /**
             * Decodes a RecordsRequest message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.RecordsRequest
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.RecordsRequest} RecordsRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            RecordsRequest.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.RecordsRequest();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.type = reader.string();
                            break;
                        }
                    case 2: {
                            message.whereJson = reader.string();
                            break;
                        }
                    case 3: {
                            message.limit = reader.uint32();
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return RecordsRequest;
        })();

        v1.Record = (function() {

            /**
             * Properties of a Record.
             * @memberof llmagentos.v1
             * @interface IRecord
             * @property {string|null} [id] Record id
             * @property {string|null} [recordJson] Record recordJson
             */

            /**
             * Constructs a new Record.
             * @memberof llmagentos.v1
             * @classdesc Represents a Record.
             * @implements IRecord
             * @constructor
             * @param {llmagentos.v1.IRecord=} [properties] Properties to set
             */
            function Record(properties) {
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * Record id.
             * @member {string} id
             * @memberof llmagentos.v1.Record
             * @instance
             */
            Record.prototype.id = "";

            /**
             * Record recordJson.
             * @member {string} recordJson
             * @memberof llmagentos.v1.Record
             * @instance
             */
            Record.prototype.recordJson = "";

            /**
             * Encodes the specified Record message. Does not implicitly {@link llmagentos.v1.Record.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.Record
             * @static
             * @param {llmagentos.v1.IRecord} message Record message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Record.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.id != null && Object.hasOwnProperty.call(message, "id"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.id);
                if (message.recordJson != null && Object.hasOwnProperty.call(message, "recordJson"))
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.recordJson);
                return writer;
            };

            /**
             * Decodes a Record message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.Record
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.Record} Record
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Record.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.Record();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.id = reader.string();
                            break;
                        }
                    case 2: {
                            message.recordJson = reader.string();
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return Record;
        })();

        v1.RecordList = (function() {

            /**
             * Properties of a RecordList.
             * @memberof llmagentos.v1
             * @interface IRecordList
             * @property {Array.<llmagentos.v1.IRecord>|null} [records] RecordList records
             */

            /**
             * Constructs a new RecordList.
             * @memberof llmagentos.v1
             * @classdesc Represents a RecordList.
             * @implements IRecordList
             * @constructor
             * @param {llmagentos.v1.IRecordList=} [properties] Properties to set
             */
            function RecordList(properties) {
                this.records = [];
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * RecordList records.
             * @member {Array.<llmagentos.v1.IRecord>} records
             * @memberof llmagentos.v1.RecordList
             * @instance
             */
            RecordList.prototype.records = $util.emptyArray;

            /**
             * Encodes the specified RecordList message. Does not implicitly {@link llmagentos.v1.RecordList.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.RecordList
             * @static
             * @param {llmagentos.v1.IRecordList} message RecordList message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            RecordList.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.records != null && message.records.length)
                    for (let i = 0; i < message.records.length; ++i)
                        $root.llmagentos.v1.Record.encode(message.records[i], writer.uint32(/* id 1, wireType 2 =*/10).fork(), q + 1).ldelim();
                return writer;
            };

            /**
             * Decodes a RecordList message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.RecordList
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.RecordList} RecordList
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            RecordList.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.RecordList();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            if (!(message.records && message.records.length))
                                message.records = [];
                            message.records.push($root.llmagentos.v1.Record.decode(reader, reader.uint32(), undefined, long + 1));
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return RecordList;
        })();

        v1.SearchRequest = (function() {

            /**
             * Properties of a SearchRequest.
             * @memberof llmagentos.v1
             * @interface ISearchRequest
             * @property {string|null} [query] SearchRequest query
             * @property {number|null} [limit] SearchRequest limit
             */

            /**
             * Constructs a new SearchRequest.
             * @memberof llmagentos.v1
             * @classdesc Represents a SearchRequest.
             * @implements ISearchRequest
             * @constructor
             * @param {llmagentos.v1.ISearchRequest=} [properties] Properties to set
             */
            function SearchRequest(properties) {
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * SearchRequest query.
             * @member {string} query
             * @memberof llmagentos.v1.SearchRequest
             * @instance
             */
            SearchRequest.prototype.query = "";

            /**
             * SearchRequest limit.
             * @member {number|null|undefined} limit
             * @memberof llmagentos.v1.SearchRequest
             * @instance
             */
            SearchRequest.prototype.limit = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            Object.defineProperty(SearchRequest.prototype, "_limit", {
                get: $util.oneOfGetter($oneOfFields = ["limit"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Encodes the specified SearchRequest message. Does not implicitly {@link llmagentos.v1.SearchRequest.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.SearchRequest
             * @static
             * @param {llmagentos.v1.ISearchRequest} message SearchRequest message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            SearchRequest.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.query != null && Object.hasOwnProperty.call(message, "query"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.query);
                if (message.limit != null && Object.hasOwnProperty.call(message, "limit"))
                    writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.limit);
                return writer;
            };

            /**
             * Decodes a SearchRequest message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.SearchRequest
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.SearchRequest} SearchRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            SearchRequest.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.SearchRequest();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.query = reader.string();
                            break;
                        }
                    case 2: {
                            message.limit = reader.uint32();
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return SearchRequest;
        })();

        v1.SearchHit = (function() {

            /**
             * Properties of a SearchHit.
             * @memberof llmagentos.v1
             * @interface ISearchHit
             * @property {string|null} [text] SearchHit text
             * @property {string|null} [source] SearchHit source
             * @property {string|null} [heading] SearchHit heading
             * @property {number|null} [score] SearchHit score
             */

            /**
             * Constructs a new SearchHit.
             * @memberof llmagentos.v1
             * @classdesc Represents a SearchHit.
             * @implements ISearchHit
             * @constructor
             * @param {llmagentos.v1.ISearchHit=} [properties] Properties to set
             */
            function SearchHit(properties) {
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * SearchHit text.
             * @member {string} text
             * @memberof llmagentos.v1.SearchHit
             * @instance
             */
            SearchHit.prototype.text = "";

            /**
             * SearchHit source.
             * @member {string} source
             * @memberof llmagentos.v1.SearchHit
             * @instance
             */
            SearchHit.prototype.source = "";

            /**
             * SearchHit heading.
             * @member {string} heading
             * @memberof llmagentos.v1.SearchHit
             * @instance
             */
            SearchHit.prototype.heading = "";

            /**
             * SearchHit score.
             * @member {number} score
             * @memberof llmagentos.v1.SearchHit
             * @instance
             */
            SearchHit.prototype.score = 0;

            /**
             * Encodes the specified SearchHit message. Does not implicitly {@link llmagentos.v1.SearchHit.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.SearchHit
             * @static
             * @param {llmagentos.v1.ISearchHit} message SearchHit message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            SearchHit.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.text != null && Object.hasOwnProperty.call(message, "text"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.text);
                if (message.source != null && Object.hasOwnProperty.call(message, "source"))
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.source);
                if (message.heading != null && Object.hasOwnProperty.call(message, "heading"))
                    writer.uint32(/* id 3, wireType 2 =*/26).string(message.heading);
                if (message.score != null && Object.hasOwnProperty.call(message, "score"))
                    writer.uint32(/* id 4, wireType 1 =*/33).double(message.score);
                return writer;
            };

            /**
             * Decodes a SearchHit message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.SearchHit
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.SearchHit} SearchHit
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            SearchHit.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.SearchHit();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.text = reader.string();
                            break;
                        }
                    case 2: {
                            message.source = reader.string();
                            break;
                        }
                    case 3: {
                            message.heading = reader.string();
                            break;
                        }
                    case 4: {
                            message.score = reader.double();
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return SearchHit;
        })();

        v1.SearchReply = (function() {

            /**
             * Properties of a SearchReply.
             * @memberof llmagentos.v1
             * @interface ISearchReply
             * @property {Array.<llmagentos.v1.ISearchHit>|null} [hits] SearchReply hits
             */

            /**
             * Constructs a new SearchReply.
             * @memberof llmagentos.v1
             * @classdesc Represents a SearchReply.
             * @implements ISearchReply
             * @constructor
             * @param {llmagentos.v1.ISearchReply=} [properties] Properties to set
             */
            function SearchReply(properties) {
                this.hits = [];
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * SearchReply hits.
             * @member {Array.<llmagentos.v1.ISearchHit>} hits
             * @memberof llmagentos.v1.SearchReply
             * @instance
             */
            SearchReply.prototype.hits = $util.emptyArray;

            /**
             * Encodes the specified SearchReply message. Does not implicitly {@link llmagentos.v1.SearchReply.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.SearchReply
             * @static
             * @param {llmagentos.v1.ISearchReply} message SearchReply message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            SearchReply.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.hits != null && message.hits.length)
                    for (let i = 0; i < message.hits.length; ++i)
                        $root.llmagentos.v1.SearchHit.encode(message.hits[i], writer.uint32(/* id 1, wireType 2 =*/10).fork(), q + 1).ldelim();
                return writer;
            };

            /**
             * Decodes a SearchReply message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.SearchReply
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.SearchReply} SearchReply
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            SearchReply.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.SearchReply();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            if (!(message.hits && message.hits.length))
                                message.hits = [];
                            message.hits.push($root.llmagentos.v1.SearchHit.decode(reader, reader.uint32(), undefined, long + 1));
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return SearchReply;
        })();

        v1.Model = (function() {

            /**
             * Properties of a Model.
             * @memberof llmagentos.v1
             * @interface IModel
             * @property {string|null} [id] Model id
             * @property {string|null} [kind] Model kind
             * @property {string|null} [description] Model description
             */

            /**
             * Constructs a new Model.
             * @memberof llmagentos.v1
             * @classdesc Represents a Model.
             * @implements IModel
             * @constructor
             * @param {llmagentos.v1.IModel=} [properties] Properties to set
             */
            function Model(properties) {
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * Model id.
             * @member {string} id
             * @memberof llmagentos.v1.Model
             * @instance
             */
            Model.prototype.id = "";

            /**
             * Model kind.
             * @member {string} kind
             * @memberof llmagentos.v1.Model
             * @instance
             */
            Model.prototype.kind = "";

            /**
             * Model description.
             * @member {string} description
             * @memberof llmagentos.v1.Model
             * @instance
             */
            Model.prototype.description = "";

            /**
             * Encodes the specified Model message. Does not implicitly {@link llmagentos.v1.Model.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.Model
             * @static
             * @param {llmagentos.v1.IModel} message Model message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Model.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.id != null && Object.hasOwnProperty.call(message, "id"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.id);
                if (message.kind != null && Object.hasOwnProperty.call(message, "kind"))
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.kind);
                if (message.description != null && Object.hasOwnProperty.call(message, "description"))
                    writer.uint32(/* id 3, wireType 2 =*/26).string(message.description);
                return writer;
            };

            /**
             * Decodes a Model message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.Model
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.Model} Model
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Model.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.Model();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.id = reader.string();
                            break;
                        }
                    case 2: {
                            message.kind = reader.string();
                            break;
                        }
                    case 3: {
                            message.description = reader.string();
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return Model;
        })();

        v1.ModelList = (function() {

            /**
             * Properties of a ModelList.
             * @memberof llmagentos.v1
             * @interface IModelList
             * @property {Array.<llmagentos.v1.IModel>|null} [models] ModelList models
             */

            /**
             * Constructs a new ModelList.
             * @memberof llmagentos.v1
             * @classdesc Represents a ModelList.
             * @implements IModelList
             * @constructor
             * @param {llmagentos.v1.IModelList=} [properties] Properties to set
             */
            function ModelList(properties) {
                this.models = [];
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * ModelList models.
             * @member {Array.<llmagentos.v1.IModel>} models
             * @memberof llmagentos.v1.ModelList
             * @instance
             */
            ModelList.prototype.models = $util.emptyArray;

            /**
             * Encodes the specified ModelList message. Does not implicitly {@link llmagentos.v1.ModelList.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.ModelList
             * @static
             * @param {llmagentos.v1.IModelList} message ModelList message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            ModelList.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.models != null && message.models.length)
                    for (let i = 0; i < message.models.length; ++i)
                        $root.llmagentos.v1.Model.encode(message.models[i], writer.uint32(/* id 1, wireType 2 =*/10).fork(), q + 1).ldelim();
                return writer;
            };

            /**
             * Decodes a ModelList message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.ModelList
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.ModelList} ModelList
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            ModelList.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.ModelList();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            if (!(message.models && message.models.length))
                                message.models = [];
                            message.models.push($root.llmagentos.v1.Model.decode(reader, reader.uint32(), undefined, long + 1));
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return ModelList;
        })();

        v1.ActorsRequest = (function() {

            /**
             * Properties of an ActorsRequest.
             * @memberof llmagentos.v1
             * @interface IActorsRequest
             * @property {number|null} [mostChildren] ActorsRequest mostChildren
             */

            /**
             * Constructs a new ActorsRequest.
             * @memberof llmagentos.v1
             * @classdesc Represents an ActorsRequest.
             * @implements IActorsRequest
             * @constructor
             * @param {llmagentos.v1.IActorsRequest=} [properties] Properties to set
             */
            function ActorsRequest(properties) {
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * ActorsRequest mostChildren.
             * @member {number|null|undefined} mostChildren
             * @memberof llmagentos.v1.ActorsRequest
             * @instance
             */
            ActorsRequest.prototype.mostChildren = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            Object.defineProperty(ActorsRequest.prototype, "_mostChildren", {
                get: $util.oneOfGetter($oneOfFields = ["mostChildren"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Encodes the specified ActorsRequest message. Does not implicitly {@link llmagentos.v1.ActorsRequest.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.ActorsRequest
             * @static
             * @param {llmagentos.v1.IActorsRequest} message ActorsRequest message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            ActorsRequest.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.mostChildren != null && Object.hasOwnProperty.call(message, "mostChildren"))
                    writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.mostChildren);
                return writer;
            };

            /**
             * Decodes an ActorsRequest message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.ActorsRequest
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.ActorsRequest} ActorsRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            ActorsRequest.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.ActorsRequest();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.mostChildren = reader.uint32();
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return ActorsRequest;
        })();

        v1.Actor = (function() {

            /**
             * Properties of an Actor.
             * @memberof llmagentos.v1
             * @interface IActor
             * @property {string|null} [address] Actor address
             * @property {string|null} [name] Actor name
             * @property {string|null} [definition] Actor definition
             * @property {string|null} [phase] Actor phase
             * @property {number|null} [waiting] Actor waiting
             * @property {number|null} [restarts] Actor restarts
             * @property {Array.<llmagentos.v1.IActor>|null} [children] Actor children
             * @property {number|null} [more] Actor more
             */

            /**
             * Constructs a new Actor.
             * @memberof llmagentos.v1
             * @classdesc Represents an Actor.
             * @implements IActor
             * @constructor
             * @param {llmagentos.v1.IActor=} [properties] Properties to set
             */
            function Actor(properties) {
                this.children = [];
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * Actor address.
             * @member {string} address
             * @memberof llmagentos.v1.Actor
             * @instance
             */
            Actor.prototype.address = "";

            /**
             * Actor name.
             * @member {string} name
             * @memberof llmagentos.v1.Actor
             * @instance
             */
            Actor.prototype.name = "";

            /**
             * Actor definition.
             * @member {string} definition
             * @memberof llmagentos.v1.Actor
             * @instance
             */
            Actor.prototype.definition = "";

            /**
             * Actor phase.
             * @member {string} phase
             * @memberof llmagentos.v1.Actor
             * @instance
             */
            Actor.prototype.phase = "";

            /**
             * Actor waiting.
             * @member {number} waiting
             * @memberof llmagentos.v1.Actor
             * @instance
             */
            Actor.prototype.waiting = 0;

            /**
             * Actor restarts.
             * @member {number} restarts
             * @memberof llmagentos.v1.Actor
             * @instance
             */
            Actor.prototype.restarts = 0;

            /**
             * Actor children.
             * @member {Array.<llmagentos.v1.IActor>} children
             * @memberof llmagentos.v1.Actor
             * @instance
             */
            Actor.prototype.children = $util.emptyArray;

            /**
             * Actor more.
             * @member {number} more
             * @memberof llmagentos.v1.Actor
             * @instance
             */
            Actor.prototype.more = 0;

            /**
             * Encodes the specified Actor message. Does not implicitly {@link llmagentos.v1.Actor.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.Actor
             * @static
             * @param {llmagentos.v1.IActor} message Actor message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Actor.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.address != null && Object.hasOwnProperty.call(message, "address"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.address);
                if (message.name != null && Object.hasOwnProperty.call(message, "name"))
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.name);
                if (message.definition != null && Object.hasOwnProperty.call(message, "definition"))
                    writer.uint32(/* id 3, wireType 2 =*/26).string(message.definition);
                if (message.phase != null && Object.hasOwnProperty.call(message, "phase"))
                    writer.uint32(/* id 4, wireType 2 =*/34).string(message.phase);
                if (message.waiting != null && Object.hasOwnProperty.call(message, "waiting"))
                    writer.uint32(/* id 5, wireType 0 =*/40).uint32(message.waiting);
                if (message.restarts != null && Object.hasOwnProperty.call(message, "restarts"))
                    writer.uint32(/* id 6, wireType 0 =*/48).uint32(message.restarts);
                if (message.children != null && message.children.length)
                    for (let i = 0; i < message.children.length; ++i)
                        $root.llmagentos.v1.Actor.encode(message.children[i], writer.uint32(/* id 7, wireType 2 =*/58).fork(), q + 1).ldelim();
                if (message.more != null && Object.hasOwnProperty.call(message, "more"))
                    writer.uint32(/* id 8, wireType 0 =*/64).uint32(message.more);
                return writer;
            };

            /**
             * Decodes an Actor message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.Actor
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.Actor} Actor
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Actor.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.Actor();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.address = reader.string();
                            break;
                        }
                    case 2: {
                            message.name = reader.string();
                            break;
                        }
                    case 3: {
                            message.definition = reader.string();
                            break;
                        }
                    case 4: {
                            message.phase = reader.string();
                            break;
                        }
                    case 5: {
                            message.waiting = reader.uint32();
                            break;
                        }
                    case 6: {
                            message.restarts = reader.uint32();
                            break;
                        }
                    case 7: {
                            if (!(message.children && message.children.length))
                                message.children = [];
                            message.children.push($root.llmagentos.v1.Actor.decode(reader, reader.uint32(), undefined, long + 1));
                            break;
                        }
                    case 8: {
                            message.more = reader.uint32();
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return Actor;
        })();

        v1.CreateKeyRequest = (function() {

            /**
             * Properties of a CreateKeyRequest.
             * @memberof llmagentos.v1
             * @interface ICreateKeyRequest
             * @property {string|null} [name] CreateKeyRequest name
             * @property {string|null} [role] CreateKeyRequest role
             * @property {number|null} [requestsPerMinute] CreateKeyRequest requestsPerMinute
             * @property {string|null} [tenant] CreateKeyRequest tenant
             */

            /**
             * Constructs a new CreateKeyRequest.
             * @memberof llmagentos.v1
             * @classdesc Represents a CreateKeyRequest.
             * @implements ICreateKeyRequest
             * @constructor
             * @param {llmagentos.v1.ICreateKeyRequest=} [properties] Properties to set
             */
            function CreateKeyRequest(properties) {
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * CreateKeyRequest name.
             * @member {string} name
             * @memberof llmagentos.v1.CreateKeyRequest
             * @instance
             */
            CreateKeyRequest.prototype.name = "";

            /**
             * CreateKeyRequest role.
             * @member {string|null|undefined} role
             * @memberof llmagentos.v1.CreateKeyRequest
             * @instance
             */
            CreateKeyRequest.prototype.role = null;

            /**
             * CreateKeyRequest requestsPerMinute.
             * @member {number|null|undefined} requestsPerMinute
             * @memberof llmagentos.v1.CreateKeyRequest
             * @instance
             */
            CreateKeyRequest.prototype.requestsPerMinute = null;

            /**
             * CreateKeyRequest tenant.
             * @member {string|null|undefined} tenant
             * @memberof llmagentos.v1.CreateKeyRequest
             * @instance
             */
            CreateKeyRequest.prototype.tenant = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            Object.defineProperty(CreateKeyRequest.prototype, "_role", {
                get: $util.oneOfGetter($oneOfFields = ["role"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            Object.defineProperty(CreateKeyRequest.prototype, "_requestsPerMinute", {
                get: $util.oneOfGetter($oneOfFields = ["requestsPerMinute"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            Object.defineProperty(CreateKeyRequest.prototype, "_tenant", {
                get: $util.oneOfGetter($oneOfFields = ["tenant"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Encodes the specified CreateKeyRequest message. Does not implicitly {@link llmagentos.v1.CreateKeyRequest.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.CreateKeyRequest
             * @static
             * @param {llmagentos.v1.ICreateKeyRequest} message CreateKeyRequest message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            CreateKeyRequest.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.name != null && Object.hasOwnProperty.call(message, "name"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.name);
                if (message.role != null && Object.hasOwnProperty.call(message, "role"))
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.role);
                if (message.requestsPerMinute != null && Object.hasOwnProperty.call(message, "requestsPerMinute"))
                    writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.requestsPerMinute);
                if (message.tenant != null && Object.hasOwnProperty.call(message, "tenant"))
                    writer.uint32(/* id 4, wireType 2 =*/34).string(message.tenant);
                return writer;
            };

            /**
             * Decodes a CreateKeyRequest message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.CreateKeyRequest
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.CreateKeyRequest} CreateKeyRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            CreateKeyRequest.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.CreateKeyRequest();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.name = reader.string();
                            break;
                        }
                    case 2: {
                            message.role = reader.string();
                            break;
                        }
                    case 3: {
                            message.requestsPerMinute = reader.uint32();
                            break;
                        }
                    case 4: {
                            message.tenant = reader.string();
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return CreateKeyRequest;
        })();

        v1.Key = (function() {

            /**
             * Properties of a Key.
             * @memberof llmagentos.v1
             * @interface IKey
             * @property {string|null} [id] Key id
             * @property {string|null} [name] Key name
             * @property {string|null} [role] Key role
             * @property {number|null} [createdAt] Key createdAt
             * @property {number|null} [revokedAt] Key revokedAt
             * @property {number|null} [requestsPerMinute] Key requestsPerMinute
             * @property {string|null} [tenant] Key tenant
             */

            /**
             * Constructs a new Key.
             * @memberof llmagentos.v1
             * @classdesc Represents a Key.
             * @implements IKey
             * @constructor
             * @param {llmagentos.v1.IKey=} [properties] Properties to set
             */
            function Key(properties) {
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * Key id.
             * @member {string} id
             * @memberof llmagentos.v1.Key
             * @instance
             */
            Key.prototype.id = "";

            /**
             * Key name.
             * @member {string} name
             * @memberof llmagentos.v1.Key
             * @instance
             */
            Key.prototype.name = "";

            /**
             * Key role.
             * @member {string} role
             * @memberof llmagentos.v1.Key
             * @instance
             */
            Key.prototype.role = "";

            /**
             * Key createdAt.
             * @member {number} createdAt
             * @memberof llmagentos.v1.Key
             * @instance
             */
            Key.prototype.createdAt = 0;

            /**
             * Key revokedAt.
             * @member {number|null|undefined} revokedAt
             * @memberof llmagentos.v1.Key
             * @instance
             */
            Key.prototype.revokedAt = null;

            /**
             * Key requestsPerMinute.
             * @member {number|null|undefined} requestsPerMinute
             * @memberof llmagentos.v1.Key
             * @instance
             */
            Key.prototype.requestsPerMinute = null;

            /**
             * Key tenant.
             * @member {string} tenant
             * @memberof llmagentos.v1.Key
             * @instance
             */
            Key.prototype.tenant = "";

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            Object.defineProperty(Key.prototype, "_revokedAt", {
                get: $util.oneOfGetter($oneOfFields = ["revokedAt"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            Object.defineProperty(Key.prototype, "_requestsPerMinute", {
                get: $util.oneOfGetter($oneOfFields = ["requestsPerMinute"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Encodes the specified Key message. Does not implicitly {@link llmagentos.v1.Key.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.Key
             * @static
             * @param {llmagentos.v1.IKey} message Key message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Key.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.id != null && Object.hasOwnProperty.call(message, "id"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.id);
                if (message.name != null && Object.hasOwnProperty.call(message, "name"))
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.name);
                if (message.role != null && Object.hasOwnProperty.call(message, "role"))
                    writer.uint32(/* id 3, wireType 2 =*/26).string(message.role);
                if (message.createdAt != null && Object.hasOwnProperty.call(message, "createdAt"))
                    writer.uint32(/* id 4, wireType 1 =*/33).double(message.createdAt);
                if (message.revokedAt != null && Object.hasOwnProperty.call(message, "revokedAt"))
                    writer.uint32(/* id 5, wireType 1 =*/41).double(message.revokedAt);
                if (message.requestsPerMinute != null && Object.hasOwnProperty.call(message, "requestsPerMinute"))
                    writer.uint32(/* id 6, wireType 0 =*/48).uint32(message.requestsPerMinute);
                if (message.tenant != null && Object.hasOwnProperty.call(message, "tenant"))
                    writer.uint32(/* id 7, wireType 2 =*/58).string(message.tenant);
                return writer;
            };

            /**
             * Decodes a Key message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.Key
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.Key} Key
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Key.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.Key();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.id = reader.string();
                            break;
                        }
                    case 2: {
                            message.name = reader.string();
                            break;
                        }
                    case 3: {
                            message.role = reader.string();
                            break;
                        }
                    case 4: {
                            message.createdAt = reader.double();
                            break;
                        }
                    case 5: {
                            message.revokedAt = reader.double();
                            break;
                        }
                    case 6: {
                            message.requestsPerMinute = reader.uint32();
                            break;
                        }
                    case 7: {
                            message.tenant = reader.string();
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return Key;
        })();

        v1.NewKey = (function() {

            /**
             * Properties of a NewKey.
             * @memberof llmagentos.v1
             * @interface INewKey
             * @property {llmagentos.v1.IKey|null} [record] NewKey record
             * @property {string|null} [key] NewKey key
             */

            /**
             * Constructs a new NewKey.
             * @memberof llmagentos.v1
             * @classdesc Represents a NewKey.
             * @implements INewKey
             * @constructor
             * @param {llmagentos.v1.INewKey=} [properties] Properties to set
             */
            function NewKey(properties) {
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * NewKey record.
             * @member {llmagentos.v1.IKey|null|undefined} record
             * @memberof llmagentos.v1.NewKey
             * @instance
             */
            NewKey.prototype.record = null;

            /**
             * NewKey key.
             * @member {string} key
             * @memberof llmagentos.v1.NewKey
             * @instance
             */
            NewKey.prototype.key = "";

            /**
             * Encodes the specified NewKey message. Does not implicitly {@link llmagentos.v1.NewKey.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.NewKey
             * @static
             * @param {llmagentos.v1.INewKey} message NewKey message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            NewKey.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.record != null && Object.hasOwnProperty.call(message, "record"))
                    $root.llmagentos.v1.Key.encode(message.record, writer.uint32(/* id 1, wireType 2 =*/10).fork(), q + 1).ldelim();
                if (message.key != null && Object.hasOwnProperty.call(message, "key"))
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.key);
                return writer;
            };

            /**
             * Decodes a NewKey message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.NewKey
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.NewKey} NewKey
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            NewKey.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.NewKey();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.record = $root.llmagentos.v1.Key.decode(reader, reader.uint32(), undefined, long + 1);
                            break;
                        }
                    case 2: {
                            message.key = reader.string();
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return NewKey;
        })();

        v1.KeyId = (function() {

            /**
             * Properties of a KeyId.
             * @memberof llmagentos.v1
             * @interface IKeyId
             * @property {string|null} [id] KeyId id
             */

            /**
             * Constructs a new KeyId.
             * @memberof llmagentos.v1
             * @classdesc Represents a KeyId.
             * @implements IKeyId
             * @constructor
             * @param {llmagentos.v1.IKeyId=} [properties] Properties to set
             */
            function KeyId(properties) {
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * KeyId id.
             * @member {string} id
             * @memberof llmagentos.v1.KeyId
             * @instance
             */
            KeyId.prototype.id = "";

            /**
             * Encodes the specified KeyId message. Does not implicitly {@link llmagentos.v1.KeyId.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.KeyId
             * @static
             * @param {llmagentos.v1.IKeyId} message KeyId message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            KeyId.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.id != null && Object.hasOwnProperty.call(message, "id"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.id);
                return writer;
            };

            /**
             * Decodes a KeyId message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.KeyId
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.KeyId} KeyId
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            KeyId.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.KeyId();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.id = reader.string();
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return KeyId;
        })();

        v1.KeyList = (function() {

            /**
             * Properties of a KeyList.
             * @memberof llmagentos.v1
             * @interface IKeyList
             * @property {Array.<llmagentos.v1.IKey>|null} [keys] KeyList keys
             */

            /**
             * Constructs a new KeyList.
             * @memberof llmagentos.v1
             * @classdesc Represents a KeyList.
             * @implements IKeyList
             * @constructor
             * @param {llmagentos.v1.IKeyList=} [properties] Properties to set
             */
            function KeyList(properties) {
                this.keys = [];
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * KeyList keys.
             * @member {Array.<llmagentos.v1.IKey>} keys
             * @memberof llmagentos.v1.KeyList
             * @instance
             */
            KeyList.prototype.keys = $util.emptyArray;

            /**
             * Encodes the specified KeyList message. Does not implicitly {@link llmagentos.v1.KeyList.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.KeyList
             * @static
             * @param {llmagentos.v1.IKeyList} message KeyList message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            KeyList.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.keys != null && message.keys.length)
                    for (let i = 0; i < message.keys.length; ++i)
                        $root.llmagentos.v1.Key.encode(message.keys[i], writer.uint32(/* id 1, wireType 2 =*/10).fork(), q + 1).ldelim();
                return writer;
            };

            /**
             * Decodes a KeyList message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.KeyList
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.KeyList} KeyList
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            KeyList.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.KeyList();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            if (!(message.keys && message.keys.length))
                                message.keys = [];
                            message.keys.push($root.llmagentos.v1.Key.decode(reader, reader.uint32(), undefined, long + 1));
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return KeyList;
        })();

        v1.NodeRequest = (function() {

            /**
             * Properties of a NodeRequest.
             * @memberof llmagentos.v1
             * @interface INodeRequest
             * @property {string|null} [node] NodeRequest node
             */

            /**
             * Constructs a new NodeRequest.
             * @memberof llmagentos.v1
             * @classdesc Represents a NodeRequest.
             * @implements INodeRequest
             * @constructor
             * @param {llmagentos.v1.INodeRequest=} [properties] Properties to set
             */
            function NodeRequest(properties) {
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * NodeRequest node.
             * @member {string|null|undefined} node
             * @memberof llmagentos.v1.NodeRequest
             * @instance
             */
            NodeRequest.prototype.node = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            Object.defineProperty(NodeRequest.prototype, "_node", {
                get: $util.oneOfGetter($oneOfFields = ["node"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Encodes the specified NodeRequest message. Does not implicitly {@link llmagentos.v1.NodeRequest.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.NodeRequest
             * @static
             * @param {llmagentos.v1.INodeRequest} message NodeRequest message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            NodeRequest.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.node != null && Object.hasOwnProperty.call(message, "node"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.node);
                return writer;
            };

            /**
             * Decodes a NodeRequest message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.NodeRequest
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.NodeRequest} NodeRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            NodeRequest.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.NodeRequest();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.node = reader.string();
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return NodeRequest;
        })();

        v1.Cluster = (function() {

            /**
             * Properties of a Cluster.
             * @memberof llmagentos.v1
             * @interface ICluster
             * @property {string|null} [name] Cluster name
             * @property {string|null} [node] Cluster node
             * @property {boolean|null} [ready] Cluster ready
             * @property {boolean|null} [registry] Cluster registry
             * @property {number|null} [shards] Cluster shards
             * @property {number|null} [unowned] Cluster unowned
             * @property {number|null} [moving] Cluster moving
             * @property {Array.<llmagentos.v1.IClusterMember>|null} [members] Cluster members
             * @property {Array.<string>|null} [waitingFor] Cluster waitingFor
             */

            /**
             * Constructs a new Cluster.
             * @memberof llmagentos.v1
             * @classdesc Represents a Cluster.
             * @implements ICluster
             * @constructor
             * @param {llmagentos.v1.ICluster=} [properties] Properties to set
             */
            function Cluster(properties) {
                this.members = [];
                this.waitingFor = [];
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * Cluster name.
             * @member {string} name
             * @memberof llmagentos.v1.Cluster
             * @instance
             */
            Cluster.prototype.name = "";

            /**
             * Cluster node.
             * @member {string} node
             * @memberof llmagentos.v1.Cluster
             * @instance
             */
            Cluster.prototype.node = "";

            /**
             * Cluster ready.
             * @member {boolean} ready
             * @memberof llmagentos.v1.Cluster
             * @instance
             */
            Cluster.prototype.ready = false;

            /**
             * Cluster registry.
             * @member {boolean} registry
             * @memberof llmagentos.v1.Cluster
             * @instance
             */
            Cluster.prototype.registry = false;

            /**
             * Cluster shards.
             * @member {number} shards
             * @memberof llmagentos.v1.Cluster
             * @instance
             */
            Cluster.prototype.shards = 0;

            /**
             * Cluster unowned.
             * @member {number} unowned
             * @memberof llmagentos.v1.Cluster
             * @instance
             */
            Cluster.prototype.unowned = 0;

            /**
             * Cluster moving.
             * @member {number} moving
             * @memberof llmagentos.v1.Cluster
             * @instance
             */
            Cluster.prototype.moving = 0;

            /**
             * Cluster members.
             * @member {Array.<llmagentos.v1.IClusterMember>} members
             * @memberof llmagentos.v1.Cluster
             * @instance
             */
            Cluster.prototype.members = $util.emptyArray;

            /**
             * Cluster waitingFor.
             * @member {Array.<string>} waitingFor
             * @memberof llmagentos.v1.Cluster
             * @instance
             */
            Cluster.prototype.waitingFor = $util.emptyArray;

            /**
             * Encodes the specified Cluster message. Does not implicitly {@link llmagentos.v1.Cluster.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.Cluster
             * @static
             * @param {llmagentos.v1.ICluster} message Cluster message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Cluster.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.name != null && Object.hasOwnProperty.call(message, "name"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.name);
                if (message.node != null && Object.hasOwnProperty.call(message, "node"))
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.node);
                if (message.ready != null && Object.hasOwnProperty.call(message, "ready"))
                    writer.uint32(/* id 3, wireType 0 =*/24).bool(message.ready);
                if (message.registry != null && Object.hasOwnProperty.call(message, "registry"))
                    writer.uint32(/* id 4, wireType 0 =*/32).bool(message.registry);
                if (message.shards != null && Object.hasOwnProperty.call(message, "shards"))
                    writer.uint32(/* id 5, wireType 0 =*/40).uint32(message.shards);
                if (message.unowned != null && Object.hasOwnProperty.call(message, "unowned"))
                    writer.uint32(/* id 6, wireType 0 =*/48).uint32(message.unowned);
                if (message.moving != null && Object.hasOwnProperty.call(message, "moving"))
                    writer.uint32(/* id 7, wireType 0 =*/56).uint32(message.moving);
                if (message.members != null && message.members.length)
                    for (let i = 0; i < message.members.length; ++i)
                        $root.llmagentos.v1.ClusterMember.encode(message.members[i], writer.uint32(/* id 8, wireType 2 =*/66).fork(), q + 1).ldelim();
                if (message.waitingFor != null && message.waitingFor.length)
                    for (let i = 0; i < message.waitingFor.length; ++i)
                        writer.uint32(/* id 9, wireType 2 =*/74).string(message.waitingFor[i]);
                return writer;
            };

            /**
             * Decodes a Cluster message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.Cluster
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.Cluster} Cluster
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Cluster.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.Cluster();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.name = reader.string();
                            break;
                        }
                    case 2: {
                            message.node = reader.string();
                            break;
                        }
                    case 3: {
                            message.ready = reader.bool();
                            break;
                        }
                    case 4: {
                            message.registry = reader.bool();
                            break;
                        }
                    case 5: {
                            message.shards = reader.uint32();
                            break;
                        }
                    case 6: {
                            message.unowned = reader.uint32();
                            break;
                        }
                    case 7: {
                            message.moving = reader.uint32();
                            break;
                        }
                    case 8: {
                            if (!(message.members && message.members.length))
                                message.members = [];
                            message.members.push($root.llmagentos.v1.ClusterMember.decode(reader, reader.uint32(), undefined, long + 1));
                            break;
                        }
                    case 9: {
                            if (!(message.waitingFor && message.waitingFor.length))
                                message.waitingFor = [];
                            message.waitingFor.push(reader.string());
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return Cluster;
        })();

        v1.ClusterMember = (function() {

            /**
             * Properties of a ClusterMember.
             * @memberof llmagentos.v1
             * @interface IClusterMember
             * @property {string|null} [name] ClusterMember name
             * @property {number|null} [incarnation] ClusterMember incarnation
             * @property {string|null} [address] ClusterMember address
             * @property {string|null} [status] ClusterMember status
             * @property {Array.<string>|null} [roles] ClusterMember roles
             * @property {number|null} [capacity] ClusterMember capacity
             * @property {number|null} [shards] ClusterMember shards
             * @property {number|null} [queued] ClusterMember queued
             */

            /**
             * Constructs a new ClusterMember.
             * @memberof llmagentos.v1
             * @classdesc Represents a ClusterMember.
             * @implements IClusterMember
             * @constructor
             * @param {llmagentos.v1.IClusterMember=} [properties] Properties to set
             */
            function ClusterMember(properties) {
                this.roles = [];
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * ClusterMember name.
             * @member {string} name
             * @memberof llmagentos.v1.ClusterMember
             * @instance
             */
            ClusterMember.prototype.name = "";

            /**
             * ClusterMember incarnation.
             * @member {number} incarnation
             * @memberof llmagentos.v1.ClusterMember
             * @instance
             */
            ClusterMember.prototype.incarnation = 0;

            /**
             * ClusterMember address.
             * @member {string} address
             * @memberof llmagentos.v1.ClusterMember
             * @instance
             */
            ClusterMember.prototype.address = "";

            /**
             * ClusterMember status.
             * @member {string} status
             * @memberof llmagentos.v1.ClusterMember
             * @instance
             */
            ClusterMember.prototype.status = "";

            /**
             * ClusterMember roles.
             * @member {Array.<string>} roles
             * @memberof llmagentos.v1.ClusterMember
             * @instance
             */
            ClusterMember.prototype.roles = $util.emptyArray;

            /**
             * ClusterMember capacity.
             * @member {number} capacity
             * @memberof llmagentos.v1.ClusterMember
             * @instance
             */
            ClusterMember.prototype.capacity = 0;

            /**
             * ClusterMember shards.
             * @member {number} shards
             * @memberof llmagentos.v1.ClusterMember
             * @instance
             */
            ClusterMember.prototype.shards = 0;

            /**
             * ClusterMember queued.
             * @member {number|null|undefined} queued
             * @memberof llmagentos.v1.ClusterMember
             * @instance
             */
            ClusterMember.prototype.queued = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            Object.defineProperty(ClusterMember.prototype, "_queued", {
                get: $util.oneOfGetter($oneOfFields = ["queued"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Encodes the specified ClusterMember message. Does not implicitly {@link llmagentos.v1.ClusterMember.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.ClusterMember
             * @static
             * @param {llmagentos.v1.IClusterMember} message ClusterMember message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            ClusterMember.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.name != null && Object.hasOwnProperty.call(message, "name"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.name);
                if (message.incarnation != null && Object.hasOwnProperty.call(message, "incarnation"))
                    writer.uint32(/* id 2, wireType 1 =*/17).double(message.incarnation);
                if (message.address != null && Object.hasOwnProperty.call(message, "address"))
                    writer.uint32(/* id 3, wireType 2 =*/26).string(message.address);
                if (message.status != null && Object.hasOwnProperty.call(message, "status"))
                    writer.uint32(/* id 4, wireType 2 =*/34).string(message.status);
                if (message.roles != null && message.roles.length)
                    for (let i = 0; i < message.roles.length; ++i)
                        writer.uint32(/* id 5, wireType 2 =*/42).string(message.roles[i]);
                if (message.capacity != null && Object.hasOwnProperty.call(message, "capacity"))
                    writer.uint32(/* id 6, wireType 1 =*/49).double(message.capacity);
                if (message.shards != null && Object.hasOwnProperty.call(message, "shards"))
                    writer.uint32(/* id 7, wireType 0 =*/56).uint32(message.shards);
                if (message.queued != null && Object.hasOwnProperty.call(message, "queued"))
                    writer.uint32(/* id 8, wireType 0 =*/64).uint32(message.queued);
                return writer;
            };

            /**
             * Decodes a ClusterMember message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.ClusterMember
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.ClusterMember} ClusterMember
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            ClusterMember.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.ClusterMember();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.name = reader.string();
                            break;
                        }
                    case 2: {
                            message.incarnation = reader.double();
                            break;
                        }
                    case 3: {
                            message.address = reader.string();
                            break;
                        }
                    case 4: {
                            message.status = reader.string();
                            break;
                        }
                    case 5: {
                            if (!(message.roles && message.roles.length))
                                message.roles = [];
                            message.roles.push(reader.string());
                            break;
                        }
                    case 6: {
                            message.capacity = reader.double();
                            break;
                        }
                    case 7: {
                            message.shards = reader.uint32();
                            break;
                        }
                    case 8: {
                            message.queued = reader.uint32();
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return ClusterMember;
        })();

        v1.RebalanceRequest = (function() {

            /**
             * Properties of a RebalanceRequest.
             * @memberof llmagentos.v1
             * @interface IRebalanceRequest
             * @property {boolean|null} [dryRun] RebalanceRequest dryRun
             */

            /**
             * Constructs a new RebalanceRequest.
             * @memberof llmagentos.v1
             * @classdesc Represents a RebalanceRequest.
             * @implements IRebalanceRequest
             * @constructor
             * @param {llmagentos.v1.IRebalanceRequest=} [properties] Properties to set
             */
            function RebalanceRequest(properties) {
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * RebalanceRequest dryRun.
             * @member {boolean} dryRun
             * @memberof llmagentos.v1.RebalanceRequest
             * @instance
             */
            RebalanceRequest.prototype.dryRun = false;

            /**
             * Encodes the specified RebalanceRequest message. Does not implicitly {@link llmagentos.v1.RebalanceRequest.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.RebalanceRequest
             * @static
             * @param {llmagentos.v1.IRebalanceRequest} message RebalanceRequest message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            RebalanceRequest.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.dryRun != null && Object.hasOwnProperty.call(message, "dryRun"))
                    writer.uint32(/* id 1, wireType 0 =*/8).bool(message.dryRun);
                return writer;
            };

            /**
             * Decodes a RebalanceRequest message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.RebalanceRequest
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.RebalanceRequest} RebalanceRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            RebalanceRequest.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.RebalanceRequest();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.dryRun = reader.bool();
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return RebalanceRequest;
        })();

        v1.RebalancePlan = (function() {

            /**
             * Properties of a RebalancePlan.
             * @memberof llmagentos.v1
             * @interface IRebalancePlan
             * @property {boolean|null} [dryRun] RebalancePlan dryRun
             * @property {Array.<llmagentos.v1.INodeShare>|null} [shares] RebalancePlan shares
             * @property {Array.<llmagentos.v1.IShardMove>|null} [now] RebalancePlan now
             * @property {Array.<llmagentos.v1.IShardMove>|null} [later] RebalancePlan later
             * @property {Array.<number>|null} [away] RebalancePlan away
             * @property {number|null} [minutes] RebalancePlan minutes
             */

            /**
             * Constructs a new RebalancePlan.
             * @memberof llmagentos.v1
             * @classdesc Represents a RebalancePlan.
             * @implements IRebalancePlan
             * @constructor
             * @param {llmagentos.v1.IRebalancePlan=} [properties] Properties to set
             */
            function RebalancePlan(properties) {
                this.shares = [];
                this.now = [];
                this.later = [];
                this.away = [];
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * RebalancePlan dryRun.
             * @member {boolean} dryRun
             * @memberof llmagentos.v1.RebalancePlan
             * @instance
             */
            RebalancePlan.prototype.dryRun = false;

            /**
             * RebalancePlan shares.
             * @member {Array.<llmagentos.v1.INodeShare>} shares
             * @memberof llmagentos.v1.RebalancePlan
             * @instance
             */
            RebalancePlan.prototype.shares = $util.emptyArray;

            /**
             * RebalancePlan now.
             * @member {Array.<llmagentos.v1.IShardMove>} now
             * @memberof llmagentos.v1.RebalancePlan
             * @instance
             */
            RebalancePlan.prototype.now = $util.emptyArray;

            /**
             * RebalancePlan later.
             * @member {Array.<llmagentos.v1.IShardMove>} later
             * @memberof llmagentos.v1.RebalancePlan
             * @instance
             */
            RebalancePlan.prototype.later = $util.emptyArray;

            /**
             * RebalancePlan away.
             * @member {Array.<number>} away
             * @memberof llmagentos.v1.RebalancePlan
             * @instance
             */
            RebalancePlan.prototype.away = $util.emptyArray;

            /**
             * RebalancePlan minutes.
             * @member {number} minutes
             * @memberof llmagentos.v1.RebalancePlan
             * @instance
             */
            RebalancePlan.prototype.minutes = 0;

            /**
             * Encodes the specified RebalancePlan message. Does not implicitly {@link llmagentos.v1.RebalancePlan.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.RebalancePlan
             * @static
             * @param {llmagentos.v1.IRebalancePlan} message RebalancePlan message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            RebalancePlan.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.dryRun != null && Object.hasOwnProperty.call(message, "dryRun"))
                    writer.uint32(/* id 1, wireType 0 =*/8).bool(message.dryRun);
                if (message.shares != null && message.shares.length)
                    for (let i = 0; i < message.shares.length; ++i)
                        $root.llmagentos.v1.NodeShare.encode(message.shares[i], writer.uint32(/* id 2, wireType 2 =*/18).fork(), q + 1).ldelim();
                if (message.now != null && message.now.length)
                    for (let i = 0; i < message.now.length; ++i)
                        $root.llmagentos.v1.ShardMove.encode(message.now[i], writer.uint32(/* id 3, wireType 2 =*/26).fork(), q + 1).ldelim();
                if (message.later != null && message.later.length)
                    for (let i = 0; i < message.later.length; ++i)
                        $root.llmagentos.v1.ShardMove.encode(message.later[i], writer.uint32(/* id 4, wireType 2 =*/34).fork(), q + 1).ldelim();
                if (message.away != null && message.away.length) {
                    writer.uint32(/* id 5, wireType 2 =*/42).fork();
                    for (let i = 0; i < message.away.length; ++i)
                        writer.uint32(message.away[i]);
                    writer.ldelim();
                }
                if (message.minutes != null && Object.hasOwnProperty.call(message, "minutes"))
                    writer.uint32(/* id 6, wireType 0 =*/48).uint32(message.minutes);
                return writer;
            };

            /**
             * Decodes a RebalancePlan message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.RebalancePlan
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.RebalancePlan} RebalancePlan
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            RebalancePlan.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.RebalancePlan();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.dryRun = reader.bool();
                            break;
                        }
                    case 2: {
                            if (!(message.shares && message.shares.length))
                                message.shares = [];
                            message.shares.push($root.llmagentos.v1.NodeShare.decode(reader, reader.uint32(), undefined, long + 1));
                            break;
                        }
                    case 3: {
                            if (!(message.now && message.now.length))
                                message.now = [];
                            message.now.push($root.llmagentos.v1.ShardMove.decode(reader, reader.uint32(), undefined, long + 1));
                            break;
                        }
                    case 4: {
                            if (!(message.later && message.later.length))
                                message.later = [];
                            message.later.push($root.llmagentos.v1.ShardMove.decode(reader, reader.uint32(), undefined, long + 1));
                            break;
                        }
                    case 5: {
                            if (!(message.away && message.away.length))
                                message.away = [];
                            if ((tag & 7) === 2) {
                                let end2 = reader.uint32() + reader.pos;
                                if (end2 > reader.len)
                                    throw RangeError("index out of range");
                                reader.len = end2;
                                while (reader.pos < end2)
                                    message.away.push(reader.uint32());
                                if (reader.pos !== end2)
                                    throw RangeError("index out of range");
                                reader.len = end;
                            } else
                                message.away.push(reader.uint32());
                            break;
                        }
                    case 6: {
                            message.minutes = reader.uint32();
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return RebalancePlan;
        })();

        v1.NodeShare = (function() {

            /**
             * Properties of a NodeShare.
             * @memberof llmagentos.v1
             * @interface INodeShare
             * @property {string|null} [node] NodeShare node
             * @property {number|null} [before] NodeShare before
             * @property {number|null} [after] NodeShare after
             */

            /**
             * Constructs a new NodeShare.
             * @memberof llmagentos.v1
             * @classdesc Represents a NodeShare.
             * @implements INodeShare
             * @constructor
             * @param {llmagentos.v1.INodeShare=} [properties] Properties to set
             */
            function NodeShare(properties) {
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * NodeShare node.
             * @member {string} node
             * @memberof llmagentos.v1.NodeShare
             * @instance
             */
            NodeShare.prototype.node = "";

            /**
             * NodeShare before.
             * @member {number} before
             * @memberof llmagentos.v1.NodeShare
             * @instance
             */
            NodeShare.prototype.before = 0;

            /**
             * NodeShare after.
             * @member {number} after
             * @memberof llmagentos.v1.NodeShare
             * @instance
             */
            NodeShare.prototype.after = 0;

            /**
             * Encodes the specified NodeShare message. Does not implicitly {@link llmagentos.v1.NodeShare.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.NodeShare
             * @static
             * @param {llmagentos.v1.INodeShare} message NodeShare message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            NodeShare.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.node != null && Object.hasOwnProperty.call(message, "node"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.node);
                if (message.before != null && Object.hasOwnProperty.call(message, "before"))
                    writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.before);
                if (message.after != null && Object.hasOwnProperty.call(message, "after"))
                    writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.after);
                return writer;
            };

            /**
             * Decodes a NodeShare message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.NodeShare
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.NodeShare} NodeShare
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            NodeShare.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.NodeShare();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.node = reader.string();
                            break;
                        }
                    case 2: {
                            message.before = reader.uint32();
                            break;
                        }
                    case 3: {
                            message.after = reader.uint32();
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return NodeShare;
        })();

        v1.ShardMove = (function() {

            /**
             * Properties of a ShardMove.
             * @memberof llmagentos.v1
             * @interface IShardMove
             * @property {number|null} [shard] ShardMove shard
             * @property {string|null} [from] ShardMove from
             * @property {string|null} [to] ShardMove to
             * @property {string|null} [why] ShardMove why
             */

            /**
             * Constructs a new ShardMove.
             * @memberof llmagentos.v1
             * @classdesc Represents a ShardMove.
             * @implements IShardMove
             * @constructor
             * @param {llmagentos.v1.IShardMove=} [properties] Properties to set
             */
            function ShardMove(properties) {
                if (properties)
                    for (let keys = Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            }

            /**
             * ShardMove shard.
             * @member {number} shard
             * @memberof llmagentos.v1.ShardMove
             * @instance
             */
            ShardMove.prototype.shard = 0;

            /**
             * ShardMove from.
             * @member {string|null|undefined} from
             * @memberof llmagentos.v1.ShardMove
             * @instance
             */
            ShardMove.prototype.from = null;

            /**
             * ShardMove to.
             * @member {string} to
             * @memberof llmagentos.v1.ShardMove
             * @instance
             */
            ShardMove.prototype.to = "";

            /**
             * ShardMove why.
             * @member {string} why
             * @memberof llmagentos.v1.ShardMove
             * @instance
             */
            ShardMove.prototype.why = "";

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            Object.defineProperty(ShardMove.prototype, "_from", {
                get: $util.oneOfGetter($oneOfFields = ["from"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Encodes the specified ShardMove message. Does not implicitly {@link llmagentos.v1.ShardMove.verify|verify} messages.
             * @function encode
             * @memberof llmagentos.v1.ShardMove
             * @static
             * @param {llmagentos.v1.IShardMove} message ShardMove message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            ShardMove.encode = function encode(message, writer, q) {
                if (!writer)
                    writer = $Writer.create();
                if (q === undefined)
                    q = 0;
                if (q > $util.recursionLimit)
                    throw Error("max depth exceeded");
                if (message.shard != null && Object.hasOwnProperty.call(message, "shard"))
                    writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.shard);
                if (message.from != null && Object.hasOwnProperty.call(message, "from"))
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.from);
                if (message.to != null && Object.hasOwnProperty.call(message, "to"))
                    writer.uint32(/* id 3, wireType 2 =*/26).string(message.to);
                if (message.why != null && Object.hasOwnProperty.call(message, "why"))
                    writer.uint32(/* id 4, wireType 2 =*/34).string(message.why);
                return writer;
            };

            /**
             * Decodes a ShardMove message from the specified reader or buffer.
             * @function decode
             * @memberof llmagentos.v1.ShardMove
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {llmagentos.v1.ShardMove} ShardMove
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            ShardMove.decode = function decode(reader, length, error, long) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (long === undefined)
                    long = 0;
                if (long > $Reader.recursionLimit)
                    throw Error("maximum nesting depth exceeded");
                let end, message;
                if (length === undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = new $root.llmagentos.v1.ShardMove();
                while (reader.pos < end) {
                    let tag = reader.uint32();
                    if (tag === error)
                        break;
                    switch (tag >>> 3) {
                    case 1: {
                            message.shard = reader.uint32();
                            break;
                        }
                    case 2: {
                            message.from = reader.string();
                            break;
                        }
                    case 3: {
                            message.to = reader.string();
                            break;
                        }
                    case 4: {
                            message.why = reader.string();
                            break;
                        }
                    default:
                        reader.skipType(tag & 7, long);
                        break;
                    }
                }
                if (length !== undefined) {
                    if (reader.pos !== end)
                        throw RangeError("index out of range");
                    reader.len = length;
                }
                return message;
            };

            return ShardMove;
        })();

        return v1;
    })();

    return llmagentos;
})();

export { $root as default };
