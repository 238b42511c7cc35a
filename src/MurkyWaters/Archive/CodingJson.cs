using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace MurkyWaters.Archive;

/// <summary>
/// Programs as JSON, with the instructions as they are written in text:
/// <code>
/// { "length": 95326, "bufferBytes": 65536,
///   "streams": [{ "name": "part3", "read": "BLOCK" }, { "name": "prev", "node": "NODE", "work": "WORK" },
///     { "name": "coded3", "write": "BLOCK" }],
///   "output": "stream", "instructions": ["LOAD local part3", ...] }
/// </code>
/// </summary>
public static class CodingJson
{
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 4, AllowDuplicateProperties = false };

    /// <summary>Reads and checks a program. Any bytes have an answer, in a time bounded by <see cref="CodingLimits"/>.</summary>
    /// <param name="utf8">The program.</param>
    /// <param name="program">The program.</param>
    /// <param name="error">What is wrong with it, in a sentence; null when nothing is.</param>
    public static bool TryRead(
        ReadOnlyMemory<byte> utf8, [NotNullWhen(true)] out CodingProgram? program, [NotNullWhen(false)] out string? error)
    {
        program = null;
        if (utf8.Length > CodingLimits.ProgramBytesMax)
        {
            error = $"It has more than {CodingLimits.ProgramBytesMax} bytes.";
            return false;
        }

        error = "It is no JSON.";
        using var document = Parse(utf8);
        try
        {
            return document is not null && TryRead(document.RootElement, out program, out error);
        }
        catch (InvalidOperationException)
        {
            // As in Parse, of a name that stands alone; and of one that is no UTF-8.
            program = null;
            error = "It is no JSON.";
            return false;
        }
    }

    /// <summary>Writes a program.</summary>
    public static void Write(CodingProgram program, IBufferWriter<byte> destination)
    {
        ArgumentNullException.ThrowIfNull(program);
        using var json = new Utf8JsonWriter(destination);
        json.WriteStartObject();
        json.WriteNumber("length", program.Length);
        json.WriteNumber("bufferBytes", program.BufferBytes);
        json.WriteStartArray("streams");
        foreach (var stream in program.Streams)
        {
            json.WriteStartObject();
            json.WriteString("name", stream.Name);
            json.WriteString(KeyOf(stream.Kind), stream.Target);
            if (stream.Kind == CodingStreamKind.ReadNode)
            {
                json.WriteString("work", stream.Remote);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (program.Output is { } output)
        {
            json.WriteString("output", output);
        }

        json.WriteStartArray("instructions");
        foreach (var instruction in program.Instructions)
        {
            json.WriteStringValue(instruction.ToString());
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    // Half of a surrogate pair is allowed in JSON but not in a string: looking for names that stand twice meets it, and throws in a way
    // of its own.
    private static JsonDocument? Parse(ReadOnlyMemory<byte> utf8)
    {
        try
        {
            return JsonDocument.Parse(utf8, Strict);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static string KeyOf(CodingStreamKind kind) =>
        kind switch { CodingStreamKind.ReadBlock => "read", CodingStreamKind.ReadNode => "node", _ => "write" };

    private static bool TryRead(
        JsonElement root, [NotNullWhen(true)] out CodingProgram? program, [NotNullWhen(false)] out string? error)
    {
        program = null;
        var length = -1L;
        var bufferBytes = -1;
        string? output = null;
        var streams = new List<CodingStream>();
        var instructions = new List<CodingInstruction>();
        var isRead = root.ValueKind == JsonValueKind.Object;
        foreach (var property in isRead ? root.EnumerateObject() : default)
        {
            var value = property.Value;
            isRead &= property.Name switch
            {
                "length" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out length),
                "bufferBytes" => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out bufferBytes),
                "streams" => TryReadStreams(value, streams),
                "output" => TryReadString(value, out output),
                "instructions" => TryReadInstructions(value, instructions),
                _ => false,
            };
        }

        if (!isRead)
        {
            error = "It is not made of length, bufferBytes, streams, output and instructions.";
            return false;
        }

        return CodingProgram.TryCreate(length, bufferBytes, streams, output, instructions, out program, out error);
    }

    private static bool TryReadStreams(JsonElement array, List<CodingStream> streams)
    {
        if (array.ValueKind != JsonValueKind.Array || array.GetArrayLength() > CodingLimits.StreamsMax)
        {
            return false;
        }

        foreach (var element in array.EnumerateArray())
        {
            if (element.ValueKind != JsonValueKind.Object || !TryReadStream(element, out var stream))
            {
                return false;
            }

            streams.Add(stream);
        }

        return true;
    }

    private static bool TryReadStream(JsonElement element, [NotNullWhen(true)] out CodingStream? stream)
    {
        string? name = null, target = null, work = null;
        CodingStreamKind? kind = null;
        stream = null;
        foreach (var property in element.EnumerateObject())
        {
            var key = property.Name;
            CodingStreamKind? named = key switch
            {
                "read" => CodingStreamKind.ReadBlock,
                "node" => CodingStreamKind.ReadNode,
                "write" => CodingStreamKind.WriteBlock,
                _ => null,
            };
            if (!TryReadString(property.Value, out var text) || (named is not null && kind is not null))
            {
                return false;
            }

            kind ??= named;
            (name, target, work) = key switch
            {
                "name" => (text, target, work),
                "work" => (name, target, text),
                _ => (name, text, work),
            };
            if (named is null && key is not ("name" or "work"))
            {
                return false;
            }
        }

        stream = name is null || target is null || kind is not { } known ? null : new CodingStream(name, known, target, work ?? "");
        return stream is not null;
    }

    private static bool TryReadInstructions(JsonElement array, List<CodingInstruction> instructions)
    {
        if (array.ValueKind != JsonValueKind.Array || array.GetArrayLength() > CodingLimits.InstructionsMax)
        {
            return false;
        }

        foreach (var element in array.EnumerateArray())
        {
            if (!TryReadString(element, out var text) || !CodingInstruction.TryParse(text, out var instruction))
            {
                return false;
            }

            instructions.Add(instruction);
        }

        return true;
    }

    private static bool TryReadString(JsonElement element, [NotNullWhen(true)] out string? text)
    {
        text = null;
        if (element.ValueKind != JsonValueKind.String)
        {
            return false;
        }

        try
        {
            text = element.GetString();
        }
        catch (InvalidOperationException)
        {
            // As in Parse.
        }

        return text is not null;
    }
}
