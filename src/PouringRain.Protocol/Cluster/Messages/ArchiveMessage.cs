using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;
using PouringRain.Protocol.Archiving;

namespace PouringRain.Protocol.Cluster.Messages;

/// <summary>"Do this with the pieces of a version", and what is there.</summary>
/// <remarks>
/// <code>
/// asked                                             answered
///      0    8  serial of the question                    0    1  0 done, 1 working, 2 failed
///      8    1  0 look, 1 mint, 2 unmint, 3 take,         1    1  flags: 1 whole, 2 in pieces, 4 minted
///              4 shrink, 5 restore, 6 drop,              2    4  the pieces that are there, bit i for piece i
///              7 leave
///      9    1  which piece, 31 at most                   6    8  bytes done
///     10    8  the resource                             14    1  bytes of the reason, 160 at most
///     18   32  the version                              15       the reason, UTF-8 without control characters
///     50    1  bytes of the coding's name, 1 to 32
///     51       the coding, visible ASCII
///          32  the version that the piece was,
///              where it is known
/// </code>
/// What follows is of later releases, and passed over.
/// </remarks>
internal static class ArchiveMessage
{
    private const int AskedBytes = 51, AnsweredBytes = 15;
    private const byte Whole = 1, InPieces = 2, Minted = 4;

    /// <summary>Writes the question.</summary>
    /// <returns>Its length.</returns>
    public static int Write(Span<byte> body, ArchiveOrder order)
    {
        BinaryPrimitives.WriteUInt64BigEndian(body, order.Serial);
        body[8] = (byte)order.Verb;
        body[9] = (byte)order.Index;
        BinaryPrimitives.WriteUInt64BigEndian(body[10..], order.Resource.Value);
        order.Version.Write(body[18..]);
        var name = Encoding.ASCII.GetBytes(order.Coding, body[AskedBytes..]);
        body[50] = (byte)name;
        if (order.Piece is not { } piece)
        {
            return AskedBytes + name;
        }

        piece.Write(body[(AskedBytes + name)..]);
        return AskedBytes + name + Sha256Digest.SizeBytes;
    }

    /// <summary>Reads the question; false when it says nonsense.</summary>
    public static bool TryParse(ReadOnlySpan<byte> body, out ArchiveOrder order)
    {
        order = null!;
        if (body.Length < AskedBytes || body[8] > (byte)ArchiveVerb.Leave || body[9] > 31 || body[50] > Manifest.CodeBytesMax
            || body.Length < AskedBytes + body[50])
        {
            return false;
        }

        // Read as Latin-1, bytes that are no ASCII stay what they are, and are refused.
        var coding = Encoding.Latin1.GetString(body.Slice(AskedBytes, body[50]));
        if (!Manifest.IsCode(coding))
        {
            return false;
        }

        order = new ArchiveOrder
        {
            Serial = BinaryPrimitives.ReadUInt64BigEndian(body),
            Verb = (ArchiveVerb)body[8],
            Index = body[9],
            Resource = new ResourceId(BinaryPrimitives.ReadUInt64BigEndian(body[10..])),
            Version = Sha256Digest.Read(body[18..]),
            Coding = coding,
            Piece = body.Length - AskedBytes - body[50] >= Sha256Digest.SizeBytes
                ? Sha256Digest.Read(body[(AskedBytes + body[50])..]) : null,
        };
        return true;
    }

    /// <summary>Writes the answer; a reason that is too long is cut.</summary>
    /// <returns>Its length.</returns>
    public static int WriteAnswer(Span<byte> body, ArchiveReport report)
    {
        body[0] = (byte)report.Progress;
        body[1] = (byte)((report.HasWhole ? Whole : 0) | (report.IsInPieces ? InPieces : 0) | (report.IsMinted ? Minted : 0));
        BinaryPrimitives.WriteUInt32BigEndian(body[2..], report.Pieces);
        BinaryPrimitives.WriteInt64BigEndian(body[6..], report.Bytes);
        Utf8.FromUtf16(report.Reason, body.Slice(AnsweredBytes, ArchiveReport.ReasonBytesMax), out _, out var written);
        body[14] = (byte)written;
        return AnsweredBytes + written;
    }

    /// <summary>Reads the answer; null when it says nonsense.</summary>
    public static ArchiveReport? TryParseAnswer(ReadOnlySpan<byte> body)
    {
        if (body.Length < AnsweredBytes || body[0] > (byte)ArchiveProgress.Failed || body[14] > ArchiveReport.ReasonBytesMax
            || body.Length < AnsweredBytes + body[14])
        {
            return null;
        }

        var bytes = BinaryPrimitives.ReadInt64BigEndian(body[6..]);
        Span<char> reason = stackalloc char[ArchiveReport.ReasonBytesMax];
        if (bytes < 0 || Utf8.ToUtf16(
            body.Slice(AnsweredBytes, body[14]), reason, out _, out var count, replaceInvalidSequences: false)
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

        return new ArchiveReport
        {
            Progress = (ArchiveProgress)body[0],
            HasWhole = (body[1] & Whole) != 0,
            IsInPieces = (body[1] & InPieces) != 0,
            IsMinted = (body[1] & Minted) != 0,
            Pieces = BinaryPrimitives.ReadUInt32BigEndian(body[2..]),
            Bytes = bytes,
            Reason = new string(reason[..count]),
        };
    }
}
