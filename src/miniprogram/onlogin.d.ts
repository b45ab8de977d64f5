// What onlogin.js promises. Each function that answers with a promise rejects with an OnloginError
// where onlogin or the way to it is at fault, and with what `wx` gave where a request of yours fails.

declare function onlogin(options: string | onlogin.Options): onlogin.Client

declare namespace onlogin {
  interface Options {
    /** Where logins go, as https://login.example.com/onLogin. */
    url: string
    /** Others that get the token, beside the host of `url`: scheme, host and port. */
    hosts?: string[]
    /** Milliseconds for one request to onlogin; 10000 unless told. */
    timeout?: number
    /** false: do not look for a login that WeChat has prefetched. */
    prefetch?: boolean
    /** wx, uni or Taro, where it is not found by itself. */
    platform?: object
  }

  interface User {
    openid: string
    /** If WeChat has given one. */
    unionid?: string
    /** If the server has sessions. */
    token?: string
  }

  interface OnloginError extends Error {
    /** WeChat's errcode, an HTTP status, or 0 where nobody answered. */
    code: number
    /** What helps: a fresh login, to wait a little, or nothing that this client can do. */
    recover: 'login' | 'later' | 'never'
    /** The message, as `wx` names it. */
    errMsg: string
    /** Of phone(): the user said no; the quota is used up; the privacy terms are not agreed to; tap again. */
    reason?: 'refused' | 'quota' | 'privacy' | 'again' | 'failed'
  }

  interface Request {
    /** With a host, or from the host of `url`: /api/orders. */
    url: string
    header?: Record<string, string>
    /** Gets the task of `wx`, for its progress; once more where the request is sent once more. */
    onTask?(task: any): void
    success?(answer: any): void
    fail?(error: any): void
    complete?(result: any): void
    [other: string]: any
  }

  interface Answer {
    statusCode: number
    header: Record<string, string>
    data: any
    [other: string]: any
  }

  interface Pending<T> extends Promise<T> {
    abort(): void
  }

  interface EncryptedData {
    encryptedData: string
    iv: string
    rawData?: string
    signature?: string
    [other: string]: any
  }

  interface PhoneDetail {
    code?: string
    errMsg?: string
    errno?: number
    [other: string]: any
  }

  interface PhoneInfo {
    phoneNumber: string
    purePhoneNumber: string
    countryCode: string
    [other: string]: any
  }

  interface Client {
    /** Who uses the mini program: from memory, storage, what WeChat has prefetched, or one login. */
    user(): Promise<User>
    /** As wx.request, with the session; logs in again and sends once more if that is over. */
    request(request: Request): Pending<Answer>
    uploadFile(request: Request): Pending<Answer>
    downloadFile(request: Request): Pending<Answer>
    /** The task of wx.connectSocket, once it is open. */
    connectSocket(request: Request): Promise<any>
    /** What WeChat has encrypted, in the clear: decrypt(() => wx.getWeRunData()). */
    decrypt<T = any>(get: () => EncryptedData | Promise<EncryptedData>): Promise<T>
    /** The phone number behind `event.detail` of a getPhoneNumber button. */
    phone(detail: PhoneDetail): Promise<PhoneInfo>
    /** Ends the session, here and on the server. */
    logout(): Promise<void>
    /** Calls back with the user, or with false. */
    getUserOpenInfo(callback: (user: User | false) => void): void
  }
}

export = onlogin
