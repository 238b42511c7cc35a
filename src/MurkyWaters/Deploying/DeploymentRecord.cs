using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using MurkyWaters.Jobs;
using MurkyWaters.Store;
using PouringRain.Protocol;
using PouringRain.Protocol.Deploying;

namespace MurkyWaters.Deploying;

/// <summary>What outlives the process that runs a deployment: what was asked for, and who has ended how.</summary>
internal sealed record DeploymentRecord : IJobRecord<DeploymentRecord>
{
    /// <summary>Different reasons that are kept; of others it is only kept that there was one.</summary>
    private const int ReasonCountMax = 8;

    private const int RowBytes = 22;
    private const byte Open = 0, Done = 1, Failed = 2;

    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>What was asked for.</summary>
    public required DeploymentPlan Plan { get; init; }

    /// <summary>When that was, milliseconds of Unix time.</summary>
    public required long CreatedMs { get; init; }

    /// <summary>When it is to begin.</summary>
    public required long StartMs { get; init; }

    /// <summary>When it ended; null until then.</summary>
    public long? EndedMs { get; init; }

    /// <summary><see cref="Id"/> as text.</summary>
    public string JobId => IdText(Id);

    /// <summary>Whether somebody has it stopped.</summary>
    public bool IsStopped { get; init; }

    /// <summary>How it stood; one that has not ended may have gone on since.</summary>
    public DeploymentPhase Phase { get; init; }

    /// <summary>The wave that was under way, from 0; -1 before the first.</summary>
    public int Wave { get; init; } = -1;

    /// <summary>A row a receiver, in the plan's order: of those that have not ended nothing is known.</summary>
    public required ImmutableArray<DeploymentReceiver> Receivers { get; init; }

    /// <summary>The number by which it is found.</summary>
    public ulong Id => Plan.Order.Deployment;

    /// <summary>Whether no more comes of it.</summary>
    public bool IsOver => Phase >= DeploymentPhase.Completed;

    /// <summary>Writes it, in 32 KiB at most.</summary>
    public byte[] Write()
    {
        var order = Plan.Order;
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, Relaxed))
        {
            json.WriteStartObject();
            json.WriteNumber("created", CreatedMs);
            json.WriteNumber("start", StartMs);
            if (EndedMs is { } ended)
            {
                json.WriteNumber("ended", ended);
            }

            json.WriteBoolean("stopped", IsStopped);
            json.WriteString("phase", Phase.ToString());
            json.WriteNumber("wave", Wave);
            json.WriteString("id", IdText(Id));
            json.WriteString("resource", order.Resource.ToString());
            json.WriteString("version", order.Version.ToString());
            json.WriteNumber("length", order.Length);
            json.WriteString("sha256", Plan.Sha256.ToString());
            json.WriteNumber("blocks", Plan.BlockCount);
            json.WriteString("mode", order.Mode.ToString());
            json.WriteString("group", order.Group);
            json.WriteNumber("rate", order.RateBytesPerSecond);
            json.WriteNumber("quorum", Plan.Quorum);
            json.WriteStartArray("waves");
            foreach (var wave in Plan.Waves)
            {
                json.WriteNumberValue(wave);
            }

            json.WriteEndArray();
            var reasons = Receivers.Where(row => row.State == ReceiverState.Failed).Select(row => row.Reason).Distinct()
                .Take(ReasonCountMax).ToList();
            json.WriteStartArray("reasons");
            reasons.ForEach(json.WriteStringValue);
            json.WriteEndArray();
            json.WriteBase64String("receivers", WriteRows(reasons));
            json.WriteEndObject();
        }

        return stream.ToArray();
    }

    /// <summary>Reads it; null for anything else.</summary>
    public static DeploymentRecord? TryRead(ReadOnlyMemory<byte> bytes) => RecordJson.TryRead(bytes, Read);

    /// <summary>16 hexadecimal digits.</summary>
    public static string IdText(ulong id) => id.ToString("x16", CultureInfo.InvariantCulture);

    /// <summary>Reads 16 hexadecimal digits.</summary>
    public static bool TryParseId(string text, out ulong id)
    {
        id = 0;
        return text.Length == 16 && ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out id);
    }

    private static DeploymentRecord? Read(JsonElement json)
    {
        var created = json.GetProperty("created").GetInt64();
        var sha256 = DigestOf(json, "sha256");
        var blockCount = json.GetProperty("blocks").GetInt32();
        var reasons = json.GetProperty("reasons").EnumerateArray().Select(reason => reason.GetString()!).ToList();
        var receivers = ReadRows(json.GetProperty("receivers").GetBytesFromBase64(), reasons, created, blockCount);
        if (!TryParseId(TextOf(json, "id"), out var id) || !ResourceId.TryParse(TextOf(json, "resource"), out var resource)
            || receivers.Length is 0 or > DeploymentPlan.TargetCountMax
            || receivers.DistinctBy(row => row.Node).Count() != receivers.Length)
        {
            return null;
        }

        var record = new DeploymentRecord
        {
            Plan = new DeploymentPlan
            {
                Order = new DeployOrder
                {
                    Deployment = id,
                    Mode = Enum.Parse<DeployMode>(TextOf(json, "mode")),
                    Resource = resource,
                    Version = DigestOf(json, "version"),
                    Length = json.GetProperty("length").GetInt64(),
                    RateBytesPerSecond = json.GetProperty("rate").GetInt64(),
                    Group = TextOf(json, "group"),
                },
                Sha256 = sha256,
                BlockCount = blockCount,
                Targets = [.. receivers.Select(row => row.Node)],
                Waves = [.. json.GetProperty("waves").EnumerateArray().Select(wave => wave.GetInt32())],
                Quorum = json.GetProperty("quorum").GetInt32(),
            },
            CreatedMs = created,
            StartMs = json.GetProperty("start").GetInt64(),
            EndedMs = json.TryGetProperty("ended", out var ended) ? ended.GetInt64() : null,
            IsStopped = json.GetProperty("stopped").GetBoolean(),
            Phase = Enum.Parse<DeploymentPhase>(TextOf(json, "phase")),
            Wave = json.GetProperty("wave").GetInt32(),
            Receivers = receivers,
        };
        return record with { Receivers = record.WithLate() };
    }

    /// <summary>Whoever was to have it, and had not ended when all was over, was silent.</summary>
    private ImmutableArray<DeploymentReceiver> WithLate()
    {
        if (Phase is not (DeploymentPhase.Completed or DeploymentPhase.Failed))
        {
            return Receivers;
        }

        var ends = Plan.WaveEnds();
        var begun = Wave < 0 ? 0 : ends[Math.Min(Wave, ends.Length - 1)];
        return [.. Receivers.Select((row, index) => row.IsFinal || index >= begun ? row : row with { State = ReceiverState.Late })];
    }

    /// <summary>Rows of 22 bytes, of which a thousand fit: id, state, which reason, milliseconds from creation to receipt.</summary>
    private byte[] WriteRows(List<string> reasons)
    {
        var bytes = new byte[RowBytes * Receivers.Length];
        for (var i = 0; i < Receivers.Length; i++)
        {
            var row = Receivers[i];
            var at = bytes.AsSpan(RowBytes * i, RowBytes);
            row.Node.Value.Write(at);
            at[16] = row.State switch { ReceiverState.Done => Done, ReceiverState.Failed => Failed, _ => Open };
            at[17] = row.State == ReceiverState.Failed ? (byte)(reasons.IndexOf(row.Reason) + 1) : (byte)0;
            var after = row.ReceiptMs is { } receipt ? Math.Clamp(receipt - CreatedMs, 0, uint.MaxValue) : 0;
            BinaryPrimitives.WriteUInt32BigEndian(at[18..], (uint)after);
        }

        return bytes;
    }

    private static ImmutableArray<DeploymentReceiver> ReadRows(byte[] bytes, List<string> reasons, long createdMs, int blockCount)
    {
        var rows = ImmutableArray.CreateBuilder<DeploymentReceiver>(bytes.Length / RowBytes);
        for (var i = 0; i + RowBytes <= bytes.Length; i += RowBytes)
        {
            var at = bytes.AsSpan(i, RowBytes);
            var (isDone, isFailed) = (at[16] == Done, at[16] == Failed);
            rows.Add(new DeploymentReceiver
            {
                Node = new NodeId(Bits128.Read(at)),
                State = isDone ? ReceiverState.Done : isFailed ? ReceiverState.Failed : ReceiverState.Waiting,
                Blocks = isDone ? blockCount : 0,
                ReceiptMs = isDone ? createdMs + BinaryPrimitives.ReadUInt32BigEndian(at[18..]) : null,
                Reason = !isFailed ? "" : at[17] > 0 && at[17] <= reasons.Count ? reasons[at[17] - 1] : "The node's own log says why.",
            });
        }

        return rows.ToImmutable();
    }

    private static string TextOf(JsonElement json, string name) => json.GetProperty(name).GetString() ?? throw new FormatException();

    private static Sha256Digest DigestOf(JsonElement json, string name) =>
        Sha256Digest.TryParseHex(TextOf(json, name), out var digest) ? digest : throw new FormatException();
}
