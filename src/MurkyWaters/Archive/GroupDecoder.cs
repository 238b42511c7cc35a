using PouringRain.Coding.Erasure;

namespace MurkyWaters.Archive;

/// <summary>Makes the source blocks of a group from cells of its pieces, and compares them with their digests. Not thread-safe.</summary>
internal sealed class GroupDecoder(PieceShape shape)
{
    private readonly byte[] _coefficients = new byte[shape.Code.PartCount * shape.Code.PartCount];
    private readonly int _stride = shape.Layout.BlockBytes;
    private byte[] _cells = [];

    /// <summary>Decodes.</summary>
    /// <param name="group">Which group.</param>
    /// <param name="cells">Cells of at least as many pieces as it takes.</param>
    /// <param name="blocks">Takes the group's source blocks.</param>
    /// <returns>Whether each is what its digest says.</returns>
    public bool TryDecode(int group, List<(int Piece, byte[] Cells)> cells, Span<byte> blocks)
    {
        Span<int> chosen = stackalloc int[PieceSet.CountMax];
        Span<int> preferred = stackalloc int[cells.Count];
        for (var i = 0; i < cells.Count; i++)
        {
            preferred[i] = cells[i].Piece;
        }

        return shape.Code.Choose(preferred, chosen) == shape.Code.PartCount
            && TryDecode(group, cells, chosen[..shape.Code.PartCount], blocks);
    }

    /// <summary>Tries all ways to decode until one gives the right blocks; which pieces lied follows from that.</summary>
    /// <param name="group">Which group.</param>
    /// <param name="cells">The cells of all pieces that there are.</param>
    /// <param name="blocks">Takes the group's source blocks.</param>
    /// <param name="liars">The pieces whose cells are not what they should be.</param>
    public bool TryDecodeWithout(int group, List<(int Piece, byte[] Cells)> cells, Span<byte> blocks, out List<int> liars)
    {
        liars = [];
        int[] all = [.. cells.Select(read => read.Piece)];
        var k = shape.Code.PartCount;
        var chosen = new int[k];
        for (var set = 0u; set < 1u << all.Length; set++)
        {
            if (System.Numerics.BitOperations.PopCount(set) != k)
            {
                continue;
            }

            for (var (i, at) = (0, 0); i < all.Length; i++)
            {
                if (((set >> i) & 1) != 0)
                {
                    chosen[at++] = all[i];
                }
            }

            if (shape.Code.IsSufficient(PieceSet.Of(chosen)) && TryDecode(group, cells, chosen, blocks))
            {
                var bytes = shape.CellsOf(group).Bytes;
                var right = new byte[all.Length * _stride];
                shape.Encode(all, group, blocks, right, _stride);
                for (var i = 0; i < all.Length; i++)
                {
                    if (!right.AsSpan(i * _stride, bytes).SequenceEqual(cells[i].Cells.AsSpan(0, bytes)))
                    {
                        liars.Add(all[i]);
                    }
                }

                return true;
            }
        }

        return false;
    }

    private bool TryDecode(int group, List<(int Piece, byte[] Cells)> cells, ReadOnlySpan<int> pieces, Span<byte> blocks)
    {
        var bytes = shape.CellsOf(group).Bytes;
        if (!shape.Code.TryGetDecoding(pieces, _coefficients))
        {
            return false;
        }

        _cells = _cells.Length == 0 ? new byte[pieces.Length * _stride] : _cells;
        for (var i = 0; i < pieces.Length; i++)
        {
            var piece = pieces[i];
            cells.Find(read => read.Piece == piece).Cells.AsSpan(0, bytes).CopyTo(_cells.AsSpan(i * _stride));
        }

        var layout = shape.Cells;
        for (var at = 0; at < blocks.Length; at += layout.BlockBytes)
        {
            var block = (group * shape.CellsPerBlock) + (at / layout.BlockBytes);
            var decoded = blocks.Slice(at, layout.BytesOf(block));
            CellCoder.Decode(shape.Code, _coefficients, _cells.AsSpan(at / layout.BlockBytes * layout.CellBytes), _stride, decoded);
            if (shape.FindOther(layout.OffsetOf(block), decoded) is not null)
            {
                return false;
            }
        }

        return true;
    }
}
