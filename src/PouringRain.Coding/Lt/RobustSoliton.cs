namespace PouringRain.Coding.Lt;

/// <summary>
/// The robust soliton distribution (Luby, "LT Codes", FOCS 2002, definitions 10 and 11), cut off at its spike: with
/// R = c ln(K/δ) √K and M = K/R, degree d has weight ρ(d) + τ(d), where ρ(1) = 1/K, ρ(d) = 1/(d(d-1)), τ(d) = R/(dK) for d below M
/// and τ(M) = R ln(R/δ)/K; the weight that ρ has beyond M is laid on M. Cutting off costs nothing (a droplet of several hundred
/// neighbours serves no better than one of M) and bounds the work of encoding.
/// </summary>
/// <remarks>Both ends must draw the same degrees on every machine, so only +, -, ×, ÷ and √ are used, which IEEE 754 rounds exactly;
/// the logarithm is a series of these.</remarks>
internal sealed class RobustSoliton
{
    /// <summary>c: how many droplets of degree one are kept in hand. A small one, because
    /// elimination finishes what peeling cannot.</summary>
    internal const double C = 0.03;

    /// <summary>δ: bounds the chance that a source symbol stays uncovered. Smaller is safer, and ln(1/δ) dearer.</summary>
    internal const double Delta = 0.05;

    private const int GuideBits = 8;

    private readonly uint[] _upper;
    private readonly ushort[] _guide = new ushort[1 << GuideBits];

    internal RobustSoliton(int symbolCount, double c = C, double delta = Delta)
    {
        double k = symbolCount;
        var r = c * NaturalLogarithm(k / delta) * Math.Sqrt(k);
        DegreeMax = (int)Math.Clamp(Math.Floor((k / r) + 0.5), 1, symbolCount);

        var weights = new double[DegreeMax + 1];
        for (var d = 1; d <= DegreeMax; d++)
        {
            var ideal = d == 1 ? 1 / k : 1.0 / ((double)d * (d - 1));
            weights[d] = ideal + (d < DegreeMax ? r / (d * k) : (r * NaturalLogarithm(r / delta) / k) + (1.0 / d) - (1 / k));
        }

        double sum = 0;
        for (var d = 1; d <= DegreeMax; d++)
        {
            sum += weights[d];
        }

        _upper = new uint[DegreeMax + 1];
        double below = 0;
        for (var d = 1; d <= DegreeMax; d++)
        {
            below += weights[d];
            MeanDegree += d * weights[d] / sum;
            _upper[d] = d == DegreeMax ? uint.MaxValue : (uint)Math.Floor(below / sum * 4294967295.0);
        }

        var degree = 1;
        for (var i = 0; i < _guide.Length; i++)
        {
            while (degree < DegreeMax && _upper[degree] <= (uint)i << (32 - GuideBits))
            {
                degree++;
            }

            _guide[i] = (ushort)degree;
        }
    }

    /// <summary>M, the largest degree.</summary>
    internal int DegreeMax { get; }

    internal double MeanDegree { get; }

    /// <summary>The degree that a uniform 32-bit number draws: the least d with u below upper(d).</summary>
    internal int Degree(uint u)
    {
        var upper = _upper;
        int degree = _guide[u >> (32 - GuideBits)];
        while (degree < DegreeMax && u >= upper[degree])
        {
            degree++;
        }

        return degree;
    }

    /// <summary>ln x for x &gt; 0 by the same rounded operations everywhere: x = m 2^e
    /// with m in [1, 2), then the series of artanh.</summary>
    private static double NaturalLogarithm(double x)
    {
        const double Ln2 = 0.693147180559945309417;
        var exponent = 0;
        while (x >= 2)
        {
            x /= 2;
            exponent++;
        }

        while (x < 1)
        {
            x *= 2;
            exponent--;
        }

        var z = (x - 1) / (x + 1);
        var square = z * z;
        double sum = 0;
        for (var n = 41; n >= 1; n -= 2)
        {
            sum = (sum * square) + (1.0 / n);
        }

        return (2 * z * sum) + (exponent * Ln2);
    }
}
