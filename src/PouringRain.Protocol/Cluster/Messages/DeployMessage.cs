using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;
using PouringRain.Protocol.Deploying;

namespace PouringRain.Protocol.Cluster.Messages;

/// <summary>"Have this version, and how far is it", and how far it is.</summary>
/// <remarks>
/// <code>
/// asked                                             answered
///      0    8  the deployment                            0    1  0 waiting, 1 receiving, 2 verifying, 3 done, 4 failed, 5 stopped
///      8    1  1 go on, 2 leave it                       1    4  source blocks that are here, or were read back
///      9    1  0 in company, 1 on a group                5    4  source blocks in all; zeros while unknown
///     10    8  the resource                              9    4  datagrams lost of a million
///     18   32  the version                              13    8  bytes a second
///     50    8  its length                               21   32  SHA-256 of what was read back; zeros until then
///     58    8  bytes a second at most; zeros for none   53    8  when, milliseconds of Unix time
///     66    1  bytes of the group's name, 63 at most    61    1  bytes of the reason, 160 at most
///     67       the group, ASCII                         62       the reason, UTF-8 without control characters
/// </code>
/// What follows is of later releases, and passed over.
/// </remarks>
internal static class DeployMessage
{
    public const int GroupBytesMax = 63;

    private const int AskedBytes = 67, AnsweredBytes = 62;
    private const byte GoOn = 1, Leave = 2;

    /// <summary>Writes the question.</summary>
    /// <returns>Its length.</returns>
    public static int Write(Span<byte> body, DeployOrder order)
    {
        BinaryPrimitives.WriteUInt64BigEndian(body, order.Deployment);
        body[8] = order.IsStop ? Leave : GoOn;
        body[9] = (byte)order.Mode;
        BinaryPrimitives.WriteUInt64BigEndian(body[10..], order.Resource.Value);
        order.Version.Write(body[18..]);
        BinaryPrimitives.WriteInt64BigEndian(body[50..], order.Length);
        BinaryPrimitives.WriteInt64BigEndian(body[58..], order.RateBytesPerSecond);
        var group = Encoding.ASCII.GetBytes(order.Group, body[AskedBytes..]);
        body[66] = (byte)group;
        return AskedBytes + group;
    }

    /// <summary>Reads the question; false when it says nonsense.</summary>
    public static bool TryParse(ReadOnlySpan<byte> body, out DeployOrder order)
    {
        order = null!;
        if (body.Length < AskedBytes || body[8] is not (GoOn or Leave) || body[9] > (byte)DeployMode.Group || body[66] > GroupBytesMax
            || body.Length < AskedBytes + body[66])
        {
            return false;
        }

        var length = BinaryPrimitives.ReadInt64BigEndian(body[50..]);
        var rate = BinaryPrimitives.ReadInt64BigEndian(body[58..]);
        var group = body.Slice(AskedBytes, body[66]);
        if (length < 0 || rate < 0 || group.ContainsAnyExceptInRange((byte)' ', (byte)'~'))
        {
            return false;
        }

        order = new DeployOrder
        {
            Deployment = BinaryPrimitives.ReadUInt64BigEndian(body),
            IsStop = body[8] == Leave,
            Mode = (DeployMode)body[9],
            Resource = new ResourceId(BinaryPrimitives.ReadUInt64BigEndian(body[10..])),
            Version = Sha256Digest.Read(body[18..]),
            Length = length,
            RateBytesPerSecond = rate,
            Group = Encoding.ASCII.GetString(group),
        };
        return true;
    }

    /// <summary>Writes the answer; a reason that is too long is cut.</summary>
    /// <returns>Its length.</returns>
    public static int WriteAnswer(Span<byte> body, DeployReport report)
    {
        body[0] = (byte)report.Progress;
        BinaryPrimitives.WriteInt32BigEndian(body[1..], report.Blocks);
        BinaryPrimitives.WriteInt32BigEndian(body[5..], report.BlockCount);
        BinaryPrimitives.WriteInt32BigEndian(body[9..], report.LossPerMillion);
        BinaryPrimitives.WriteInt64BigEndian(body[13..], report.RateBytesPerSecond);
        report.Receipt.Write(body[21..]);
        BinaryPrimitives.WriteInt64BigEndian(body[53..], report.ReceiptMs);
        Utf8.FromUtf16(report.Reason, body.Slice(AnsweredBytes, DeployReport.ReasonBytesMax), out _, out var written);
        body[61] = (byte)written;
        return AnsweredBytes + written;
    }

    /// <summary>Reads the answer; null when it says nonsense.</summary>
    public static DeployReport? TryParseAnswer(ReadOnlySpan<byte> body)
    {
        if (body.Length < AnsweredBytes || body[0] > (byte)DeployProgress.Stopped || body[61] > DeployReport.ReasonBytesMax
            || body.Length < AnsweredBytes + body[61])
        {
            return null;
        }

        var blocks = BinaryPrimitives.ReadInt32BigEndian(body[1..]);
        var blockCount = BinaryPrimitives.ReadInt32BigEndian(body[5..]);
        var loss = BinaryPrimitives.ReadInt32BigEndian(body[9..]);
        var rate = BinaryPrimitives.ReadInt64BigEndian(body[13..]);
        Span<char> reason = stackalloc char[DeployReport.ReasonBytesMax];
        if (blocks < 0 || blockCount < 0 || blocks > blockCount || loss is < 0 or > 1_000_000 || rate < 0
            || Utf8.ToUtf16(body.Slice(AnsweredBytes, body[61]), reason, out _, out var count, replaceInvalidSequences: false)
                != System.Buffers.OperationStatus.Done)
        {
            return null;
        }

        foreach (var character in reason[..count])
        {
            if (char.IsControl(character))
            {
                return null;
            }
        }

        return new DeployReport
        {
            Progress = (DeployProgress)body[0],
            Blocks = blocks,
            BlockCount = blockCount,
            LossPerMillion = loss,
            RateBytesPerSecond = rate,
            Receipt = Sha256Digest.Read(body[21..]),
            ReceiptMs = BinaryPrimitives.ReadInt64BigEndian(body[53..]),
            Reason = new string(reason[..count]),
        };
    }
}
