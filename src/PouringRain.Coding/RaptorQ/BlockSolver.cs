using PouringRain.Coding.Kernels;
using PouringRain.Coding.Plans;

namespace PouringRain.Coding.RaptorQ;

/// <summary>Fills the holes of a received block, the cheaper of two ways.</summary>
internal static class BlockSolver
{
    /// <summary>More repair symbols than holes that the way by syndromes looks at before it leaves the matter to the other one.</summary>
    private const int SpareRows = 6;

    /// <summary>Whether the symbols determined the block. If not, nothing was written.</summary>
    public static bool TrySolve(in ReceivedBlock received)
    {
        var scratch = DecodingScratch.Pool.Rent();
        try
        {
            return (PrefersSyndromes(received) && TrySolveBySyndromes(received, scratch)) || TrySolveByElimination(received, scratch);
        }
        finally
        {
            DecodingScratch.Pool.Return(scratch);
        }
    }

    // Both ways run about the same plan over the block. Beyond that one has a dense system of m by m, and its products over symbols; the
    // other has to find the plan, in a time that grows a little faster than K since it falls out of the caches. The constants are
    // nanoseconds on one machine; only their ratio matters, and not much: where the ways cost the same, either will do.
    private static bool PrefersSyndromes(in ReceivedBlock received)
    {
        var missing = (double)received.MissingCount;
        var extended = (double)received.Parameters.ExtendedCount;
        return missing * missing * (13 + (received.SymbolSize / 64.0)) < extended * (90 + (Math.Min(extended, 10_000) / 50));
    }

    /// <summary>Solves for all intermediate symbols with everything received (section 5.4.2),
    /// then encodes the missing source symbols.</summary>
    internal static bool TrySolveByElimination(in ReceivedBlock received, DecodingScratch scratch)
    {
        var parameters = received.Parameters;
        var padding = (int)received.PaddingCount;
        var count = received.SourceCount + padding + received.RepairIds.Length;
        var isis = scratch.GetIsis(count);
        var inputs = scratch.GetInputs(count);
        var row = 0;
        for (var i = 0; i < parameters.ExtendedCount; i++)
        {
            if (i >= received.SymbolCount || received.IsSeen(i))
            {
                isis[row] = (uint)i;
                inputs[row++] = i < received.SymbolCount ? i : -1;
            }
        }

        for (var i = 0; i < received.RepairIds.Length; i++)
        {
            isis[row] = received.RepairIds[i] + (uint)padding;
            inputs[row++] = received.RepairPlaces[i];
        }

        if (!scratch.Elimination.TrySolve(parameters, isis, scratch.Plan))
        {
            return false;
        }

        for (var i = 0; i < received.SymbolCount; i++)
        {
            if (!received.IsSeen(i))
            {
                Elimination.EmitEncoding(scratch.Plan, parameters, (uint)i, i);
            }
        }

        Run(received, scratch, scratch.Plan.SlotCount, scratch.Plan.Words, [], inputs);
        return true;
    }

    /// <summary>
    /// Solves for the m missing source symbols alone. The block with zeros in its holes is encoded by the plan that all blocks of this K'
    /// share; what its repair symbols then lack to those received, m syndromes, depends on the missing symbols only. The coefficients come
    /// from the same plan run over unit symbols of m bytes; their matrix is inverted, and the missing symbols are sums of syndromes.
    /// </summary>
    internal static bool TrySolveBySyndromes(in ReceivedBlock received, DecodingScratch scratch)
    {
        var parameters = received.Parameters;
        var missing = received.MissingCount;
        var plan = EncodingPlans.Get(parameters);
        var rows = Math.Min(received.RepairIds.Length, missing + SpareRows);
        var lists = scratch.GetRows(2 * missing);
        var holes = lists[..missing];
        var rowOf = lists[missing..];
        var inputs = scratch.GetInputs(parameters.ExtendedCount + missing);
        inputs.Fill(-1);
        var hole = 0;
        for (var i = 0; i < received.SymbolCount; i++)
        {
            if (!received.IsSeen(i))
            {
                inputs[i] = hole;
                holes[hole++] = i;
            }
        }

        var matrix = RunUnitSymbols(received, scratch, plan, rows, inputs);
        if (!Octets.TryInvertInPlace(matrix, missing, rows, missing, rowOf))
        {
            return false;
        }

        for (var i = 0; i < received.SymbolCount; i++)
        {
            inputs[i] = received.IsSeen(i) ? i : -1;
        }

        scratch.Plan.Clear();
        for (var j = 0; j < missing; j++)
        {
            inputs[parameters.ExtendedCount + j] = received.RepairPlaces[rowOf[j]];
            EmitSyndrome(scratch.Plan, received, rowOf[j], parameters.ExtendedCount + j, plan.SlotCount + j);
        }

        for (var j = 0; j < missing; j++)
        {
            EmitSolution(scratch.Plan, matrix.Slice(rowOf[j] * missing, missing), holes[j], plan.SlotCount);
        }

        Run(received, scratch, plan.SlotCount + missing, plan.Words, scratch.Plan.Words, inputs);
        return true;
    }

    private static Span<byte> RunUnitSymbols(
        in ReceivedBlock received, DecodingScratch scratch, SymbolPlan plan, int rows, ReadOnlySpan<int> inputs)
    {
        var missing = received.MissingCount;
        var octets = scratch.Octets.Get((missing + rows) * missing, (missing + rows) * missing / 8);
        var units = octets[..(missing * missing)];
        var matrix = octets[(missing * missing)..];
        units.Clear();
        for (var i = 0; i < missing; i++)
        {
            units[(i * missing) + i] = 1;
        }

        scratch.Plan.Clear();
        for (var row = 0; row < rows; row++)
        {
            Elimination.EmitEncoding(scratch.Plan, received.Parameters, received.RepairIds[row] + received.PaddingCount, row);
        }

        var symbols = new PlanSymbols
        {
            SymbolSize = missing,
            Main = units,
            ExtraBase = missing,
            Inputs = inputs[..received.Parameters.ExtendedCount],
            Outputs = matrix,
        };
        RunStrips(scratch, plan.SlotCount, plan.Words, scratch.Plan.Words, symbols);
        return matrix;
    }

    private static void EmitSyndrome(SymbolPlan plan, in ReceivedBlock received, int row, int input, int slot)
    {
        var words = plan.Reserve(3 + LtTuple.IndexCountMax);
        var tuple = new LtTuple(received.Parameters, received.RepairIds[row] + received.PaddingCount);
        var count = tuple.WriteIndices(received.Parameters, words[3..]);
        words[0] = (slot << SymbolPlan.KindBits) | SymbolPlan.Gather;
        words[1] = input;
        words[2] = count;
        plan.Commit(3 + count, 1 + count);
    }

    private static void EmitSolution(SymbolPlan plan, ReadOnlySpan<byte> coefficients, int output, int firstSlot)
    {
        var words = plan.Reserve(2 + coefficients.Length);
        var length = 2;
        for (var i = 0; i < coefficients.Length; i++)
        {
            if (coefficients[i] != 0)
            {
                words[length++] = ((firstSlot + i) << 8) | coefficients[i];
            }
        }

        words[0] = (output << SymbolPlan.KindBits) | SymbolPlan.CombineOutput;
        words[1] = length - 2;
        plan.Commit(length, length - 2);
    }

    private static void Run(
        in ReceivedBlock received,
        DecodingScratch scratch,
        int slotCount,
        ReadOnlySpan<int> first,
        ReadOnlySpan<int> second,
        ReadOnlySpan<int> inputs)
    {
        var symbols = new PlanSymbols
        {
            SymbolSize = received.SymbolSize,
            Main = received.Block,
            ExtraBase = received.SymbolCount,
            Extra = received.Extra,
            Inputs = inputs,
            Outputs = received.Block,
        };
        RunStrips(scratch, slotCount, first, second, symbols);
    }

    private static void RunStrips(
        DecodingScratch scratch, int slotCount, ReadOnlySpan<int> first, ReadOnlySpan<int> second, in PlanSymbols symbols)
    {
        symbols.Validate();
        var kernel = SymbolKernels.ForPlans;
        var strips = new Strips(symbols.SymbolSize, kernel.VectorSize);
        var length = slotCount * strips.WidthMax;
        var slots = scratch.Slots.Get(length, length / 16);
        for (var offset = 0; offset < symbols.SymbolSize;)
        {
            var strip = strips.At(offset);
            kernel.Run(first, slots, strip, symbols);
            kernel.Run(second, slots, strip, symbols);
            offset += strip.Length;
        }
    }
}
