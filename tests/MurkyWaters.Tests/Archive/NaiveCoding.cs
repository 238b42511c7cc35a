using MurkyWaters.Archive;

namespace MurkyWaters.Tests.Archive;

/// <summary>Programs run as they are written, instruction after instruction over whole streams, a byte at a time and with its own
/// multiplication: what the plans have to agree with.</summary>
internal static class NaiveCoding
{
    /// <summary>Runs a program; the answer is what each stream, queue and the output (as "") was given.</summary>
    public static Dictionary<string, byte[]> Run(CodingProgram program, Func<string, byte[]> inputOf)
    {
        var buffers = new Dictionary<string, byte[]>();
        var queues = new Dictionary<string, Queue<byte[]>>();
        var written = new Dictionary<string, byte[]>();
        var popped = program.Instructions.Where(i => i.Operation == CodingOperation.Pop).Select(i => i.First).ToHashSet();
        var pushed = program.Instructions.Where(i => i.Operation == CodingOperation.Push).Select(i => i.First).ToHashSet();
        foreach (var (operation, first, second, factor) in program.Instructions)
        {
            switch (operation)
            {
                case CodingOperation.Load:
                    buffers[first] = inputOf(second);
                    break;
                case CodingOperation.Copy:
                    buffers[first] = buffers[second];
                    break;
                case CodingOperation.Write:
                    written.Add(second, buffers[first]);
                    break;
                case CodingOperation.InnerAdd:
                    buffers[first] = Add(buffers[first], buffers[second], 1);
                    break;
                case CodingOperation.Multiply:
                    buffers[first] = Add(new byte[buffers[second].Length], buffers[second], factor);
                    break;
                case CodingOperation.MultiplyAdd:
                    buffers[first] = Add(buffers[first], buffers[second], factor);
                    break;
                case CodingOperation.Push when popped.Contains(first):
                    queues.TryAdd(first, new Queue<byte[]>());
                    queues[first].Enqueue(buffers[second]);
                    break;
                case CodingOperation.Push:
                    written.Add(first, buffers[second]);
                    break;
                default:
                    buffers[second] = pushed.Contains(first) ? queues[first].Dequeue() : inputOf(first);
                    break;
            }
        }

        if (program.Output is { } output)
        {
            written.Add("", buffers[output]);
        }

        return written;
    }

    private static byte[] Add(byte[] sum, byte[] source, int factor) =>
        [.. sum.Zip(source, (a, b) => (byte)(a ^ Multiply(factor, b)))];

    private static int Multiply(int a, int b)
    {
        var product = 0;
        for (; b != 0; b >>= 1)
        {
            product ^= (b & 1) == 0 ? 0 : a;
            a = (a << 1) ^ ((a & 0x80) == 0 ? 0 : 0x11D);
        }

        return product;
    }
}
