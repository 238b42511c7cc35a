using PouringRain.Coding;
using PouringRain.Coding.RaptorQ;

namespace Benchmarks.Codes;

/// <summary>The cases of one code at one K. Encoders and decoders are made once and reused, as they are in use.</summary>
internal sealed class CodeMeasurement : IDisposable
{
    private readonly IBlockEncoder _encoder;
    private readonly IBlockDecoder _decoder;
    private readonly byte[] _source;
    private readonly byte[] _decoded;
    private readonly byte[] _symbol;
    private readonly byte[] _received;
    private readonly uint[] _esis;
    private int _receivedCount;
    private (int, int) _prepared;

    public CodeMeasurement(IFountainCode code, int count, int symbolSize)
    {
        _encoder = code.CreateEncoder(count, symbolSize);
        _decoder = code.CreateDecoder(count, symbolSize);
        _source = SplitMix.Stream((ulong)count, (long)count * symbolSize);
        _decoded = new byte[_source.Length];
        _symbol = new byte[symbolSize];
        var most = count + (count / 4) + 200;
        _received = new byte[(long)most * symbolSize];
        _esis = new uint[most];
        _encoder.Begin(0, _source);
        var decode = (Action)Decode;
        if (!code.IsSystematic)
        {
            // A block's worth of symbols to encode; as many symbols as the code asks for, and more if it must, to decode.
            Cases =
            [
                ("encode", null, EncodeBlock),
                ("decode", () => Receive(0, count + (count / 8) + 100), decode),
            ];
            return;
        }

        Cases =
        [
            ("encode", null, EncodeFirstRepair),
            ("encode-no-plan", EncodingPlans.Clear, EncodeFirstRepair),
            ("decode-repair-0", () => Receive(count, count + 20), decode),
            ("decode-repair-5", () => Receive(count, count + (count / 20)), DecodeAfterAll),
            ("decode-lost-1", () => ReceiveWithLoss(1), decode),
            ("decode-lost-5", () => ReceiveWithLoss(5), decode),
            ("decode-lost-20", () => ReceiveWithLoss(20), decode),
        ];
    }

    /// <summary>What there is to measure: a name, what precedes the measurement, and what is measured.</summary>
    public (string Name, Action? Prepare, Action Run)[] Cases { get; }

    public void Dispose()
    {
        _encoder.Dispose();
        _decoder.Dispose();
    }

    private void EncodeFirstRepair()
    {
        _encoder.Begin(0, _source);
        _encoder.Encode((uint)_encoder.SymbolCount, _symbol);
    }

    private void EncodeBlock()
    {
        _encoder.Begin(0, _source);
        for (var esi = 0u; esi < _encoder.SymbolCount; esi++)
        {
            _encoder.Encode(esi, _symbol);
        }
    }

    // Symbols are made once for a case; what is measured is taking and decoding them.
    private void Receive(int first, int count)
    {
        if (!IsNew((first, count)))
        {
            return;
        }

        _receivedCount = 0;
        for (var i = 0; i < count; i++)
        {
            Take((uint)(first + i));
        }
    }

    private void ReceiveWithLoss(int percent)
    {
        var count = _encoder.SymbolCount;
        var lost = Math.Max(1, count * percent / 100);
        if (!IsNew((-1, percent)))
        {
            return;
        }

        // Lost ones are spread at random; as many repair symbols as were lost come after the others, and some spare ones.
        var random = new SplitMix((ulong)percent);
        var missing = new HashSet<int>();
        while (missing.Count < lost)
        {
            missing.Add(random.Next(count));
        }

        _receivedCount = 0;
        for (var i = 0; i < count; i++)
        {
            if (!missing.Contains(i))
            {
                Take((uint)i);
            }
        }

        for (var i = 0; i < lost + 20; i++)
        {
            Take((uint)(count + i));
        }
    }

    private bool IsNew((int, int) wanted)
    {
        var isNew = wanted != _prepared;
        _prepared = wanted;
        return isNew;
    }

    private void Take(uint esi)
    {
        _esis[_receivedCount] = esi;
        _encoder.Encode(esi, _received.AsSpan(_receivedCount++ * _symbol.Length, _symbol.Length));
    }

    private void Decode()
    {
        _decoder.Begin(0, _decoded);
        for (var i = 0; i < _receivedCount; i++)
        {
            _decoder.Add(_esis[i], _received.AsSpan(i * _symbol.Length, _symbol.Length));
            if (_decoder.CanDecode && _decoder.TryDecode())
            {
                Verify();
                return;
            }
        }

        throw new InvalidOperationException($"{_receivedCount} symbols did not decode a block of {_encoder.SymbolCount}.");
    }

    private void DecodeAfterAll()
    {
        _decoder.Begin(0, _decoded);
        for (var i = 0; i < _receivedCount; i++)
        {
            _decoder.Add(_esis[i], _received.AsSpan(i * _symbol.Length, _symbol.Length));
        }

        if (!_decoder.TryDecode())
        {
            throw new InvalidOperationException($"{_receivedCount} symbols did not decode a block of {_encoder.SymbolCount}.");
        }

        Verify();
    }

    // A few bytes are enough here: all are compared in the tests.
    private void Verify()
    {
        for (var i = 0; i < _source.Length; i += 4099)
        {
            if (_source[i] != _decoded[i])
            {
                throw new InvalidOperationException("The block decoded is not the one encoded.");
            }
        }
    }
}
