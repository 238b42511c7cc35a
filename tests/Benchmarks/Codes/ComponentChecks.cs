using System.Security.Cryptography;
using System.Text.Json;
using PouringRain.Coding.Kernels;
using PouringRain.Coding.RaptorQ;

namespace Benchmarks.Codes;

/// <summary>Checks the generators and the constraint matrix against a file of components, to tell where a fault lies.</summary>
internal sealed class ComponentChecks(JsonElement root, Action<bool, string> count)
{
    /// <summary>Whether parameters are as a JSON object names them.</summary>
    public static bool HasParameters(CodeParameters p, JsonElement expected)
    {
        bool Is(string name, int value) => !expected.TryGetProperty(name, out var number) || number.GetInt32() == value;
        return Is("Kprime", p.ExtendedCount)
            && Is("J", p.SystematicIndex)
            && Is("S", p.LdpcCount)
            && Is("H", p.HdpcCount)
            && Is("W", p.LtCount)
            && Is("L", p.IntermediateCount)
            && Is("P", p.PermanentCount)
            && Is("P1", p.PermanentPrime)
            && Is("U", p.OtherPermanentCount)
            && Is("B", p.PureLtCount);
    }

    /// <summary>Checks every entry.</summary>
    public void Run()
    {
        Each("rand", row => LtTuple.Rand(row[0].GetUInt32(), row[1].GetUInt32(), row[2].GetUInt32()) == row[3].GetUInt32());
        Each("deg", row => LtTuple.Deg(row[0].GetUInt32(), row[1].GetInt32()) == row[2].GetInt32());
        Each("tuples", CheckTuple);
        Each("derived", CheckDerived);
        Each("matrices", CheckMatrix);
        if (root.TryGetProperty("matrixKprime10", out var rows))
        {
            var matrix = BuildMatrix(CodeParameters.For(10));
            var number = 0;
            foreach (var row in rows.EnumerateArray())
            {
                count(Convert.ToHexStringLower(matrix.AsSpan(27 * number, 27)) == row.GetString(), $"matrixKprime10[{number++}]");
            }
        }
    }

    private static bool CheckTuple(JsonElement row)
    {
        var parameters = CodeParameters.For(row[0].GetInt32());
        var tuple = new LtTuple(parameters, row[1].GetUInt32());
        var indices = new int[LtTuple.IndexCountMax];
        var length = tuple.WriteIndices(parameters, indices);
        int[] values = [tuple.D, tuple.A, tuple.B, tuple.D1, tuple.A1, tuple.B1];
        return row[2].EnumerateArray().Select(value => value.GetInt32()).SequenceEqual(values)
            && row[3].EnumerateArray().Select(value => value.GetInt32()).SequenceEqual(indices.Take(length));
    }

    private static bool CheckDerived(JsonElement row)
    {
        var p = CodeParameters.For(row[0].GetInt32());
        int[] values =
            [p.ExtendedCount, p.IntermediateCount, p.PermanentCount, p.PermanentPrime, p.OtherPermanentCount, p.PureLtCount];
        return row.EnumerateArray().Select(value => value.GetInt32()).SequenceEqual(values);
    }

    private static bool CheckMatrix(JsonElement entry)
    {
        var p = CodeParameters.For(entry.GetProperty("Kprime").GetInt32());
        var matrix = BuildMatrix(p);
        var ldpc = matrix.AsSpan(0, p.LdpcCount * p.IntermediateCount);
        var hdpc = matrix.AsSpan(ldpc.Length, p.HdpcCount * p.IntermediateCount);
        var enc = matrix.AsSpan(ldpc.Length + hdpc.Length);
        return Matches(entry, "ldpc", ldpc)
            && Matches(entry, "hdpc", hdpc)
            && Matches(entry, "enc", enc)
            && Convert.ToHexStringLower(SHA256.HashData(matrix)) == entry.GetProperty("matrixSha256").GetString();
    }

    private static bool Matches(JsonElement entry, string name, ReadOnlySpan<byte> rows) =>
        rows.Length - rows.Count((byte)0) == entry.GetProperty(name + "Nonzeros").GetInt32()
        && Convert.ToHexStringLower(SHA256.HashData(rows)) == entry.GetProperty(name + "Sha256").GetString();

    // The matrix A of section 5.3.3.4.2, dense, from the rows that the elimination works with.
    private static byte[] BuildMatrix(CodeParameters p)
    {
        var elimination = new Elimination(SymbolKernels.ForPlans);
        var width = p.IntermediateCount;
        var matrix = new byte[width * width];
        elimination.Load(p, Enumerable.Range(0, p.ExtendedCount).Select(isi => (uint)isi).ToArray());
        for (var row = 0; row < p.LdpcCount + p.ExtendedCount; row++)
        {
            var line = row < p.LdpcCount ? row : row + p.HdpcCount;
            foreach (var column in elimination.GetRow(row))
            {
                matrix[(line * width) + column] = 1;
            }
        }

        // MT * GAMMA from right to left: a column is twice the next one, plus its own of MT.
        var columns = p.ExtendedCount + p.LdpcCount;
        for (var h = 0; h < p.HdpcCount; h++)
        {
            var line = matrix.AsSpan((p.LdpcCount + h) * width, width);
            line[columns + h] = 1;
            line[columns - 1] = Gf256.Exp[h];
            for (var j = columns - 2; j >= 0; j--)
            {
                var (first, second) = elimination.GetHdpcPair(j);
                line[j] = (byte)(Gf256.Multiply(2, line[j + 1]) ^ (first == h || second == h ? 1 : 0));
            }
        }

        return matrix;
    }

    private void Each(string section, Func<JsonElement, bool> check)
    {
        if (root.TryGetProperty(section, out var entries))
        {
            var number = 0;
            foreach (var entry in entries.EnumerateArray())
            {
                count(check(entry), $"{section}[{number++}]");
            }
        }
    }
}
