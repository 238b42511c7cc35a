using System.Security.Cryptography;
using System.Text.Json;
using PouringRain.Coding;
using PouringRain.Coding.RaptorQ;

namespace Benchmarks.Codes;

/// <summary>
/// Checks an implementation of RFC 6330 against a file of vectors, in either of the two formats <c>rfc6330-vectors</c> (blocks, objects,
/// partitions, derivations, sets of symbols that do or do not decode) and <c>rfc6330-components</c> (generators and matrices). Every entry
/// is one check.
/// </summary>
internal sealed class VectorFile
{
    private readonly JsonElement _root;
    private readonly Action<string> _onFailure;

    private VectorFile(JsonElement root, Action<string> onFailure)
    {
        _root = root;
        _onFailure = onFailure;
    }

    /// <summary>How many entries hold.</summary>
    public int Passed { get; private set; }

    /// <summary>How many do not.</summary>
    public int Failed { get; private set; }

    /// <summary>Checks every entry of a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="onFailure">Told of each entry that does not hold.</param>
    /// <exception cref="InvalidDataException">The file is of another format.</exception>
    public static VectorFile Check(string path, Action<string> onFailure)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(path));
        var file = new VectorFile(document.RootElement, onFailure);
        var format = document.RootElement.TryGetProperty("format", out var name) ? name.GetString() : null;
        switch (format)
        {
            case "rfc6330-vectors":
                file.CheckVectors();
                break;
            case "rfc6330-components":
                new ComponentChecks(document.RootElement, file.Count).Run();
                break;
            default:
                throw new InvalidDataException($"{path} has the unknown format '{format}'.");
        }

        return file;
    }

    private static string Hash(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private static string Render(ReadOnlySpan<byte> bytes, JsonElement format) =>
        format.GetString() == "hex" ? Convert.ToHexStringLower(bytes) : Hash(bytes);

    private void CheckVectors()
    {
        Each("generator", CheckGenerator, single: true);
        Each("blocks", CheckBlock);
        Each("sweep", CheckSweep);
        Each("objects", CheckObject);
        Each("partitions", CheckPartition);
        Each("derivations", CheckDerivation);
        Each("decodeSets", CheckDecodeSet);
        Each("invalidParameters", CheckInvalid);
    }

    private void Each(string section, Func<JsonElement, bool> check, bool single = false)
    {
        if (!_root.TryGetProperty(section, out var entries))
        {
            return;
        }

        var number = 0;
        foreach (var entry in single ? [entries] : entries.EnumerateArray().ToArray())
        {
            bool holds;
            var detail = string.Empty;
            try
            {
                holds = check(entry);
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                holds = false;
                detail = exception.ToString();
            }

            Count(holds, $"{section}[{number++}] {detail}");
        }
    }

    private void Count(bool holds, string what)
    {
        if (holds)
        {
            Passed++;
        }
        else
        {
            Failed++;
            _onFailure(what);
        }
    }

    private static bool CheckGenerator(JsonElement entry)
    {
        foreach (var check in entry.GetProperty("check").EnumerateArray())
        {
            var seed = check[0].GetUInt64();
            var text = check[1].GetString()!;
            if (text.StartsWith("sha256/", StringComparison.Ordinal))
            {
                if (Hash(SplitMix.Stream(seed, int.Parse(text[7..], null))) != check[2].GetString())
                {
                    return false;
                }
            }
            else if (Convert.ToHexStringLower(SplitMix.Stream(seed, 16)) != text)
            {
                return false;
            }
        }

        return true;
    }

    private static bool CheckBlock(JsonElement entry)
    {
        var count = entry.GetProperty("K").GetInt32();
        var size = entry.GetProperty("T").GetInt32();
        var source = SplitMix.Stream(entry.GetProperty("seed").GetUInt64(), (long)count * size);
        var holds = !entry.TryGetProperty("sourceSha256", out var digest) || Hash(source) == digest.GetString();
        holds &= !entry.TryGetProperty("params", out var parameters)
            || ComponentChecks.HasParameters(CodeParameters.For(count), parameters);
        using var encoder = new RaptorQCode().CreateEncoder(count, size);
        encoder.Begin(0, source);
        var symbol = new byte[size];
        foreach (var expected in entry.GetProperty("symbols").EnumerateArray())
        {
            encoder.Encode(expected[0].GetUInt32(), symbol);
            holds &= Render(symbol, entry.GetProperty("symbolFormat")) == expected[1].GetString();
        }

        if (entry.TryGetProperty("intermediateSha256", out var intermediate))
        {
            holds &= Hash(((RaptorQEncoder)encoder).GetIntermediateSymbols()) == intermediate.GetString();
        }

        if (entry.TryGetProperty("repairRun", out var run))
        {
            var symbols = new byte[run[1].GetInt32() * size];
            for (var i = 0; i < run[1].GetInt32(); i++)
            {
                encoder.Encode(run[0].GetUInt32() + (uint)i, symbols.AsSpan(i * size, size));
            }

            holds &= Hash(symbols) == run[2].GetString();
        }

        return holds && DecodesFromRepair(encoder, source);
    }

    // Beyond the file's values: the block must come back from repair symbols alone.
    private static bool DecodesFromRepair(IBlockEncoder encoder, byte[] source)
    {
        using var decoder = new RaptorQCode().CreateDecoder(encoder.SymbolCount, encoder.SymbolSize);
        var decoded = new byte[source.Length];
        decoder.Begin(0, decoded);
        var symbol = new byte[encoder.SymbolSize];
        for (var esi = (uint)encoder.SymbolCount; !decoder.TryDecode(); esi++)
        {
            encoder.Encode(esi, symbol);
            if (decoder.Add(esi, symbol) != AddResult.Accepted)
            {
                return false;
            }
        }

        return decoded.AsSpan().SequenceEqual(source);
    }

    private bool CheckSweep(JsonElement row)
    {
        var info = _root.GetProperty("sweepInfo");
        var size = info.GetProperty("T").GetInt32();
        var count = row[0].GetInt32();
        var source = SplitMix.Stream(info.GetProperty("seedBase").GetUInt64() + (ulong)count, (long)count * size);
        using var encoder = new RaptorQCode().CreateEncoder(count, size);
        encoder.Begin(0, source);
        var symbols = new byte[18 * size];
        for (var i = 0; i < 18; i++)
        {
            encoder.Encode(i < 16 ? (uint)(count + i) : i == 16 ? 1048576u : 16777215u, symbols.AsSpan(i * size, size));
        }

        return Hash(symbols) == row[1].GetString() && Hash(((RaptorQEncoder)encoder).GetIntermediateSymbols()) == row[2].GetString();
    }

    private static ObjectTransmissionInformation ReadInformation(JsonElement entry) => ObjectTransmissionInformation.Create(
        entry.GetProperty("F").GetInt64(),
        entry.GetProperty("T").GetInt32(),
        entry.GetProperty("Z").GetInt32(),
        entry.GetProperty("N").GetInt32(),
        entry.GetProperty("Al").GetInt32());

    private static bool CheckPartition(JsonElement entry)
    {
        var information = ReadInformation(entry);
        var partition = new ObjectPartition(information);
        var bytes = new byte[ObjectTransmissionInformation.Size];
        information.Write(bytes);
        bool Is(string name, int value) => entry.GetProperty(name).GetInt32() == value;
        return Convert.ToHexStringLower(bytes) == entry.GetProperty("oti").GetString()
            && ObjectTransmissionInformation.TryRead(bytes, out var read)
            && read == information
            && Is("Kt", partition.SymbolCount)
            && Is("KL", partition.LongBlocks.Size)
            && Is("KS", partition.ShortBlocks.Size)
            && Is("ZL", partition.LongBlocks.Count)
            && Is("ZS", partition.ShortBlocks.Count)
            && Is("TL", partition.LongSubSymbols.Size)
            && Is("TS", partition.ShortSubSymbols.Size)
            && Is("NL", partition.LongSubSymbols.Count)
            && Is("NS", partition.ShortSubSymbols.Count);
    }

    private static bool CheckObject(JsonElement entry)
    {
        if (!CheckPartition(entry))
        {
            return false;
        }

        var information = ReadInformation(entry);
        var partition = new ObjectPartition(information);
        var size = information.SymbolSize;
        var bytes = SplitMix.Stream(entry.GetProperty("seed").GetUInt64(), information.TransferLength);
        var listed = entry.GetProperty("blocks").EnumerateArray().ToDictionary(block => block.GetProperty("sbn").GetInt32());
        using var all = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var holds = Hash(bytes) == entry.GetProperty("objectSha256").GetString();
        for (var sbn = 0; sbn < information.SourceBlockCount; sbn++)
        {
            var count = partition.GetSymbolCount(sbn);
            var part = bytes.AsSpan((int)partition.GetOffset(sbn), (int)partition.GetLength(sbn)).ToArray();
            var symbols = new byte[count * size];
            var back = new byte[part.Length];
            partition.ToSymbols(sbn, part, symbols);
            partition.ToBytes(sbn, symbols, back);
            holds &= part.AsSpan().SequenceEqual(back);

            using var encoder = new RaptorQCode().CreateEncoder(count, size);
            encoder.Begin((uint)sbn, symbols);
            foreach (var esi in new[] { 0, 1, count, count + 1, count + 7, count + 100000 }.Distinct()
                .Where(esi => esi >= count || esi < 2))
            {
                all.AppendData(Packet(encoder, sbn, (uint)esi));
            }

            if (listed.TryGetValue(sbn, out var block))
            {
                holds &= block.GetProperty("K").GetInt32() == count;
                foreach (var packet in block.GetProperty("packets").EnumerateArray())
                {
                    holds &= Render(
                        Packet(encoder, sbn, packet[0].GetUInt32()), entry.GetProperty("packetFormat")) == packet[1].GetString();
                }
            }
        }

        return holds && Convert.ToHexStringLower(all.GetHashAndReset()) == entry.GetProperty("allPacketsSha256").GetString();
    }

    private static byte[] Packet(IBlockEncoder encoder, int sbn, uint esi)
    {
        var packet = new byte[PayloadId.Size + encoder.SymbolSize];
        new PayloadId((byte)sbn, esi).Write(packet);
        encoder.Encode(esi, packet.AsSpan(PayloadId.Size));
        return PayloadId.Read(packet) == new PayloadId((byte)sbn, esi) ? packet : [];
    }

    private bool CheckDerivation(JsonElement row)
    {
        var columns = _root.GetProperty("derivationColumns").EnumerateArray().Select((name, index) => (Name: name.GetString()!, index))
            .ToDictionary(column => column.Name, column => row[column.index].GetInt64());
        var information = ObjectTransmissionInformation.Derive(
            columns["F"], (int)columns["Pprime"], columns["WS"], (int)columns["Al"], (int)columns["SS"]);
        return information.SymbolSize == columns["T"]
            && information.SourceBlockCount == columns["Z"]
            && information.SubBlockCount == columns["N"];
    }

    private static bool CheckDecodeSet(JsonElement entry)
    {
        var count = entry.GetProperty("K").GetInt32();
        var size = entry.GetProperty("T").GetInt32();
        var source = SplitMix.Stream(entry.GetProperty("seed").GetUInt64(), (long)count * size);
        using var encoder = new RaptorQCode().CreateEncoder(count, size);
        encoder.Begin(0, source);
        using var decoder = new RaptorQCode().CreateDecoder(count, size);
        var decoded = new byte[source.Length];
        decoder.Begin(0, decoded);
        var symbol = new byte[size];
        foreach (var esi in entry.GetProperty("esis").EnumerateArray())
        {
            encoder.Encode(esi.GetUInt32(), symbol);
            decoder.Add(esi.GetUInt32(), symbol);
        }

        return decoder.TryDecode() == entry.GetProperty("decodable").GetBoolean()
            && (!decoder.IsDecoded || decoded.AsSpan().SequenceEqual(source));
    }

    private static bool CheckInvalid(JsonElement entry)
    {
        try
        {
            ReadInformation(entry);
            return false;
        }
        catch (ArgumentException)
        {
            return true;
        }
    }
}
