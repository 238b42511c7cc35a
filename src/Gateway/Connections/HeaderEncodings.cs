using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Net.Http.Headers;

namespace Gateway.Connections;

/// <summary>How the bytes of header fields become text.</summary>
internal static class HeaderEncodings
{
    private static readonly Encoding Length = new LengthEncoding();

    /// <summary>Bytes beyond ASCII in a field are opaque (RFC 9110 §5.5): a cookie or the name of a program in Latin-1 is nothing to refuse
    /// a request for, as the server does that takes all fields for UTF-8. As Latin-1 every byte stays what it is.</summary>
    public static void UseHeaderEncodings(this KestrelServerOptions server) =>
        server.RequestHeaderEncodingSelector = static name => name == HeaderNames.ContentLength ? Length : Encoding.Latin1;

    /// <summary>
    /// For <c>Content-Length</c>, which is digits and nothing else (RFC 9110 §8.6): the server takes <c>+5</c> and <c>-0</c> too, on which
    /// two who frame the same connection may differ. It decodes the text into 20 characters, which is where that can still be seen:
    /// what is no length becomes something that the server refuses as well.
    /// </summary>
    private sealed class LengthEncoding : Encoding
    {
        private const int DigitsMax = 19;

        public override int GetByteCount(char[] chars, int index, int count) => Latin1.GetByteCount(chars, index, count);

        public override int GetBytes(char[] chars, int charIndex, int charCount, byte[] bytes, int byteIndex) =>
            Latin1.GetBytes(chars, charIndex, charCount, bytes, byteIndex);

        public override int GetCharCount(byte[] bytes, int index, int count) => count;

        public override int GetChars(byte[] bytes, int byteIndex, int byteCount, char[] chars, int charIndex) =>
            Latin1.GetChars(bytes, byteIndex, byteCount, chars, charIndex);

        /// <summary>Leading zeros change no length, and what has more digits than fit is none.</summary>
        public override int GetChars(ReadOnlySpan<byte> bytes, Span<char> chars)
        {
            while (bytes.Length > DigitsMax && bytes[0] == (byte)'0')
            {
                bytes = bytes[1..];
            }

            if (bytes.Length <= DigitsMax && !bytes.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
            {
                return Latin1.GetChars(bytes, chars);
            }

            chars.Fill('x');
            return chars.Length;
        }

        public override int GetMaxByteCount(int charCount) => Latin1.GetMaxByteCount(charCount);

        public override int GetMaxCharCount(int byteCount) => byteCount;
    }
}
